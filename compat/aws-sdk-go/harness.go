// Clients, buckets and refusals of the suite of the AWS SDK for Go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	checks "skerry/compat/lib"
)

const mib = checks.MiB

// harness is owned by the main goroutine.
type harness struct {
	checks.Checks
	ctx    context.Context
	config aws.Config
	s3     *s3.Client
	made   []string
}

func newHarness() *harness {
	h := &harness{Checks: checks.New(), ctx: context.Background()}
	h.config = checks.Must(config.LoadDefaultConfig(h.ctx, config.WithLogger(logging.Nop{})))
	h.s3 = h.clientAt(os.Getenv("AWS_ENDPOINT_URL"))
	return h
}

func (h *harness) clientAt(endpoint string) *s3.Client {
	return s3.NewFromConfig(h.config, func(options *s3.Options) {
		options.BaseEndpoint, options.UsePathStyle = aws.String(endpoint), true
	})
}

// bucket makes a new bucket, emptied and deleted at the end.
func (h *harness) bucket(name string) *string {
	bucket := aws.String(checks.Name("go-" + name))
	checks.Must(h.s3.CreateBucket(h.ctx, &s3.CreateBucketInput{Bucket: bucket}))
	h.made = append(h.made, *bucket)
	return bucket
}

func (h *harness) read(input *s3.GetObjectInput) []byte {
	answer := checks.Must(h.s3.GetObject(h.ctx, input))
	defer answer.Body.Close()
	return checks.Must(io.ReadAll(answer.Body))
}

// refused checks that a call failed with exactly this status and one of these codes; no codes for an answer without body.
func (h *harness) refused(what string, err error, status int, codes ...string) {
	var response *smithyhttp.ResponseError
	var api smithy.APIError
	code := ""
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	if !errors.As(err, &response) {
		h.Check(what, false, fmt.Sprintf("got error %v, want %d %v", err, status, codes))
		return
	}
	got := response.HTTPStatusCode()
	h.Check(what, got == status && (len(codes) == 0 || slices.Contains(codes, code)), fmt.Sprintf("got %d %s, want %d %v", got, code, status, codes))
}

func (h *harness) fetch(request *http.Request) (int, http.Header, []byte) {
	answer := checks.Must(http.DefaultClient.Do(request))
	defer answer.Body.Close()
	return answer.StatusCode, answer.Header, checks.Must(io.ReadAll(answer.Body))
}

func (h *harness) finish() {
	for _, bucket := range h.made {
		pages := s3.NewListObjectVersionsPaginator(h.s3, &s3.ListObjectVersionsInput{Bucket: &bucket})
		for pages.HasMorePages() {
			page, err := pages.NextPage(h.ctx)
			if err != nil {
				break
			}
			var doomed []types.ObjectIdentifier
			for _, each := range page.Versions {
				doomed = append(doomed, types.ObjectIdentifier{Key: each.Key, VersionId: each.VersionId})
			}
			for _, each := range page.DeleteMarkers {
				doomed = append(doomed, types.ObjectIdentifier{Key: each.Key, VersionId: each.VersionId})
			}
			if len(doomed) > 0 {
				_, _ = h.s3.DeleteObjects(h.ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{Objects: doomed, Quiet: aws.Bool(true)}})
			}
		}
		_, _ = h.s3.DeleteBucket(h.ctx, &s3.DeleteBucketInput{Bucket: &bucket})
	}
	h.Write()
}
