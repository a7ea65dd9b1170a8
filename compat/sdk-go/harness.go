// Checks, clients and containers of the Go suite. Counts go to the file named by COMPAT_RESULT.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

const mib = 1 << 20

// Where Azurite answers another code than the documented one.
var azuriteSays = map[string]string{"AuthenticationFailed": "AuthorizationFailure", "Md5Mismatch": "InvalidOperation", "SourceConditionNotMet": "ConditionNotMet"}

type counts struct {
	Passed int      `json:"passed"`
	Failed int      `json:"failed"`
	NotRun []string `json:"not_run"`
}

// harness is owned by the main goroutine.
type harness struct {
	counts
	ctx        context.Context
	azurite    bool
	endpoint   string
	credential *azblob.SharedKeyCredential
	service    *service.Client
	made       []*container.Client
}

// must ends the section: what follows makes no sense without the result.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func newHarness() *harness {
	h := &harness{ctx: context.Background(), azurite: os.Getenv("COMPAT_SERVER_KIND") == "azurite", endpoint: os.Getenv("COMPAT_ENDPOINT")}
	h.credential = must(azblob.NewSharedKeyCredential(os.Getenv("COMPAT_ACCOUNT"), os.Getenv("COMPAT_KEY")))
	h.service = h.serviceAt(h.endpoint)
	return h
}

func (h *harness) serviceAt(endpoint string) *service.Client {
	retries := policy.RetryOptions{MaxRetries: 3, RetryDelay: 20 * time.Millisecond, MaxRetryDelay: 100 * time.Millisecond}
	return must(service.NewClientWithSharedKeyCredential(endpoint, h.credential, &service.ClientOptions{ClientOptions: azcore.ClientOptions{Retry: retries}}))
}

// noRetries is for requests that must be refused.
func noRetries() azcore.ClientOptions {
	return azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}}
}

func (h *harness) check(what string, condition bool, detail string, azuriteLacks ...string) {
	switch {
	case condition:
		h.Passed++
	case len(azuriteLacks) > 0 && h.azurite:
		h.NotRun = append(h.NotRun, what+": "+azuriteLacks[0])
	default:
		h.Failed++
		fmt.Printf("  FAILED %s: %.500s\n", what, detail)
	}
}

func (h *harness) equal(what string, got, want any, azuriteLacks ...string) {
	h.check(what, reflect.DeepEqual(got, want), fmt.Sprintf("got %v, want %v", got, want), azuriteLacks...)
}

func (h *harness) sameBytes(what string, got, want []byte) {
	h.check(what, bytes.Equal(got, want), fmt.Sprintf("%d bytes, want %d", len(got), len(want)))
}

// refused checks that a call failed with exactly this status and one of these error codes; no codes for an answer without body.
func (h *harness) refused(what string, err error, status int, codes []string, azuriteLacks ...string) {
	var response *azcore.ResponseError
	if !errors.As(err, &response) {
		h.check(what, false, fmt.Sprintf("got error %v, want %d %v", err, status, codes), azuriteLacks...)
		return
	}
	wanted := slices.Clone(codes)
	if h.azurite {
		for _, code := range codes {
			wanted = append(wanted, azuriteSays[code])
		}
	}
	good := response.StatusCode == status && (len(codes) == 0 || slices.Contains(wanted, response.ErrorCode))
	h.check(what, good, fmt.Sprintf("got %d %s, want %d %v", response.StatusCode, response.ErrorCode, status, codes), azuriteLacks...)
}

func (h *harness) section(title string, body func(), azuriteLacks string) {
	if azuriteLacks != "" && h.azurite {
		h.NotRun = append(h.NotRun, title+": "+azuriteLacks)
		fmt.Printf("- %s: not run against Azurite: %s\n", title, azuriteLacks)
		return
	}
	passed, failed, start := h.Passed, h.Failed, time.Now()
	func() {
		defer func() {
			if problem := recover(); problem != nil {
				h.Failed++
				fmt.Printf("  FAILED %s: %.1000s\n", title, fmt.Sprint(problem))
			}
		}()
		body()
	}()
	fmt.Printf("- %s: %d passed, %d failed (%.1f s)\n", title, h.Passed-passed, h.Failed-failed, time.Since(start).Seconds())
}

func containerName(name string) string {
	random := make([]byte, 6)
	_, _ = rand.Read(random)
	return fmt.Sprintf("go-%s-%x", name, random)
}

// container makes a new container, deleted at the end.
func (h *harness) container(name string) *container.Client {
	client := h.service.NewContainerClient(containerName(name))
	must(client.Create(h.ctx, nil))
	h.made = append(h.made, client)
	return client
}

// noise gives the same bytes for the same size and seed.
func noise(size int, seed int64) []byte {
	data := make([]byte, size)
	_, _ = mathrand.New(mathrand.NewSource(seed*1000003 + int64(size))).Read(data)
	return data
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
	if err := os.WriteFile(os.Getenv("COMPAT_RESULT"), must(json.Marshal(h.counts)), 0o600); err != nil {
		panic(err)
	}
}
