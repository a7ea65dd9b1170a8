// Clients, buckets and refusals of the suite of minio-go.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	checks "skerry/compat/lib"
)

const mib = checks.MiB

// harness is owned by the main goroutine.
type harness struct {
	checks.Checks
	ctx    context.Context
	client *minio.Client
	made   []string
}

func newHarness() *harness {
	h := &harness{Checks: checks.New(), ctx: context.Background()}
	h.client = h.clientAt(os.Getenv("AWS_ENDPOINT_URL"))
	return h
}

func (h *harness) clientAt(endpoint string) *minio.Client {
	return client(endpoint, minio.BucketLookupPath, nil)
}

func client(endpoint string, lookup minio.BucketLookupType, transport http.RoundTripper) *minio.Client {
	at := checks.Must(url.Parse(endpoint))
	return checks.Must(minio.New(at.Host, &minio.Options{Secure: at.Scheme == "https", TrailingHeaders: true, BucketLookup: lookup, Transport: transport,
		Creds: credentials.NewStaticV4(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), "")}))
}

// bucket makes a new bucket, emptied and deleted at the end.
func (h *harness) bucket(name string) string {
	bucket := checks.Name("minio-go-" + name)
	check(h.client.MakeBucket(h.ctx, bucket, minio.MakeBucketOptions{}))
	h.made = append(h.made, bucket)
	return bucket
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func (h *harness) read(bucket, key string, options minio.GetObjectOptions) []byte {
	object := checks.Must(h.client.GetObject(h.ctx, bucket, key, options))
	defer object.Close()
	return checks.Must(io.ReadAll(object))
}

// refused checks that a call failed with exactly this status and code.
func (h *harness) refused(what string, err error, status int, code string) {
	answer := minio.ToErrorResponse(err)
	h.Check(what, err != nil && answer.StatusCode == status && answer.Code == code, fmt.Sprintf("got %d %s (%v), want %d %s", answer.StatusCode, answer.Code, err, status, code))
}

func (h *harness) fetch(method string, at *url.URL, body io.Reader) (int, http.Header, []byte) {
	answer := checks.Must(http.DefaultClient.Do(checks.Must(http.NewRequest(method, at.String(), body))))
	defer answer.Body.Close()
	return answer.StatusCode, answer.Header, checks.Must(io.ReadAll(answer.Body))
}

func (h *harness) finish() {
	for _, bucket := range h.made {
		doomed := h.client.ListObjects(h.ctx, bucket, minio.ListObjectsOptions{Recursive: true, WithVersions: true})
		for range h.client.RemoveObjects(h.ctx, bucket, doomed, minio.RemoveObjectsOptions{}) {
		}
		_ = h.client.RemoveBucket(h.ctx, bucket)
	}
	h.Write()
}
