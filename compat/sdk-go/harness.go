// Clients, containers and refusals of the Go suite.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	checks "skerry/compat/lib"
)

const mib = checks.MiB

// Where Azurite answers another code than the documented one.
var azuriteSays = map[string]string{"AuthenticationFailed": "AuthorizationFailure", "Md5Mismatch": "InvalidOperation", "SourceConditionNotMet": "ConditionNotMet"}

// harness is owned by the main goroutine.
type harness struct {
	checks.Checks
	ctx        context.Context
	endpoint   string
	credential *azblob.SharedKeyCredential
	service    *service.Client
	made       []*container.Client
}

func newHarness() *harness {
	h := &harness{Checks: checks.New(), ctx: context.Background(), endpoint: os.Getenv("COMPAT_ENDPOINT")}
	h.credential = checks.Must(azblob.NewSharedKeyCredential(os.Getenv("COMPAT_ACCOUNT"), os.Getenv("COMPAT_KEY")))
	h.service = h.serviceAt(h.endpoint)
	return h
}

func (h *harness) serviceAt(endpoint string) *service.Client {
	retries := policy.RetryOptions{MaxRetries: 3, RetryDelay: 20 * time.Millisecond, MaxRetryDelay: 100 * time.Millisecond}
	return checks.Must(service.NewClientWithSharedKeyCredential(endpoint, h.credential, &service.ClientOptions{ClientOptions: azcore.ClientOptions{Retry: retries}}))
}

// noRetries is for requests that must be refused.
func noRetries() azcore.ClientOptions {
	return azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}}
}

// refused checks that a call failed with exactly this status and one of these error codes; no codes for an answer without body.
func (h *harness) refused(what string, err error, status int, codes []string, azuriteLacks ...string) {
	var response *azcore.ResponseError
	if !errors.As(err, &response) {
		h.Check(what, false, fmt.Sprintf("got error %v, want %d %v", err, status, codes), azuriteLacks...)
		return
	}
	wanted := slices.Clone(codes)
	if h.Azurite {
		for _, code := range codes {
			wanted = append(wanted, azuriteSays[code])
		}
	}
	good := response.StatusCode == status && (len(codes) == 0 || slices.Contains(wanted, response.ErrorCode))
	h.Check(what, good, fmt.Sprintf("got %d %s, want %d %v", response.StatusCode, response.ErrorCode, status, codes), azuriteLacks...)
}

func containerName(name string) string {
	return checks.Name("go-" + name)
}

// container makes a new container, deleted at the end.
func (h *harness) container(name string) *container.Client {
	client := h.service.NewContainerClient(containerName(name))
	checks.Must(client.Create(h.ctx, nil))
	h.made = append(h.made, client)
	return client
}

func (h *harness) read(client *blob.Client, options *blob.DownloadStreamOptions) ([]byte, error) {
	response, err := client.DownloadStream(h.ctx, options)
	if err != nil {
		return nil, err
	}
	body := response.NewRetryReader(h.ctx, &blob.RetryReaderOptions{MaxRetries: 3})
	defer body.Close()
	return io.ReadAll(body)
}

func (h *harness) finish() {
	for _, client := range h.made {
		_, _ = client.Delete(h.ctx, nil)
	}
	h.Write()
}
