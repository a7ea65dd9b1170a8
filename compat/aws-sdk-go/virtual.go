// Buckets as hosts, BUCKET.s3.localhost: the style that the SDK takes unless told otherwise.
package main

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	checks "skerry/compat/lib"
)

// hostRecorder is a client that keeps the hosts that it was sent to. Owned by the main goroutine until an upload in parts begins.
type hostRecorder struct {
	client aws.HTTPClient
	hosts  []string
}

func (r *hostRecorder) Do(request *http.Request) (*http.Response, error) {
	r.hosts = append(r.hosts, request.URL.Hostname())
	return r.client.Do(request)
}

func (h *harness) bucketsAsHosts() {
	endpoint := os.Getenv("COMPAT_VIRTUAL_ENDPOINT")
	plain := awshttp.NewBuildableClient().WithTransportOptions(func(transport *http.Transport) { transport.DialContext = checks.DialLoopback })
	clientWith := func(through aws.HTTPClient) *s3.Client {
		return s3.NewFromConfig(h.config, func(options *s3.Options) {
			options.BaseEndpoint, options.HTTPClient = &endpoint, through
		})
	}
	client, recorder := clientWith(plain), &hostRecorder{client: plain}
	bucket := aws.String(checks.Name("go-host"))
	checks.Must(clientWith(recorder).CreateBucket(h.ctx, &s3.CreateBucketInput{Bucket: bucket}))
	h.made = append(h.made, *bucket)
	host := *bucket + "." + checks.Must(url.Parse(endpoint)).Hostname()
	h.Equal("the bucket is the host", recorder.hosts, []string{host})
	listed := checks.Must(client.ListBuckets(h.ctx, nil))
	h.Check("ListBuckets, of the domain itself", slices.ContainsFunc(listed.Buckets, func(each types.Bucket) bool { return *each.Name == *bucket }), "the bucket is not there")
	read := func(key string) []byte {
		answer := checks.Must(client.GetObject(h.ctx, &s3.GetObjectInput{Bucket: bucket, Key: &key}))
		defer answer.Body.Close()
		return checks.Must(io.ReadAll(answer.Body))
	}
	content, names := checks.Noise(70_001, 7), []string{*bucket + "/key", "a+b %41 #ü?", "two//slashes", "dir/key"}
	var doomed []types.ObjectIdentifier
	for _, name := range names {
		checks.Must(client.PutObject(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: &name, Body: bytes.NewReader(content)}))
		h.SameBytes(name+": written by host, read by path", h.read(&s3.GetObjectInput{Bucket: bucket, Key: &name}), content)
		h.SameBytes(name+": written and read by host", read(name), content)
		doomed = append(doomed, types.ObjectIdentifier{Key: &name})
	}
	var found []string
	for _, each := range checks.Must(client.ListObjectsV2(h.ctx, &s3.ListObjectsV2Input{Bucket: bucket})).Contents {
		found = append(found, *each.Key)
	}
	h.Equal("ListObjectsV2", found, slices.Sorted(slices.Values(names)))
	checks.Must(client.CopyObject(h.ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copy"), CopySource: aws.String(*bucket + "/dir/key")}))
	h.SameBytes("CopyObject", h.read(&s3.GetObjectInput{Bucket: bucket, Key: aws.String("copy")}), content)
	h.partsByHost(client, bucket, read)
	h.presignedByHost(client, plain, bucket, host)
	deleted := checks.Must(client.DeleteObjects(h.ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: doomed}}))
	h.Equal("DeleteObjects", []int{len(deleted.Deleted), len(deleted.Errors)}, []int{len(names), 0})
	_, err := client.GetObject(h.ctx, &s3.GetObjectInput{Bucket: bucket, Key: &names[0]})
	h.refused("a key that is gone", err, 404, "NoSuchKey")
	_, err = client.ListObjectsV2(h.ctx, &s3.ListObjectsV2Input{Bucket: aws.String(*bucket + "-not")})
	h.refused("a bucket that is not there", err, 404, "NoSuchBucket")
}

func (h *harness) partsByHost(client *s3.Client, bucket *string, read func(string) []byte) {
	key, content := aws.String("in parts ü"), checks.Noise(17*mib+3, 8)
	uploader := manager.NewUploader(client, func(uploader *manager.Uploader) { uploader.PartSize, uploader.Concurrency = 5*mib, 3 })
	checks.Must(uploader.Upload(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: bytes.NewReader(content)}))
	h.SameBytes("an upload in parts", read(*key), content)
	head := checks.Must(client.HeadObject(h.ctx, &s3.HeadObjectInput{Bucket: bucket, Key: key}))
	h.Check("an upload in parts: its entity tag", strings.HasSuffix(*head.ETag, `-4"`), *head.ETag)
	into := manager.NewWriteAtBuffer(nil)
	downloader := manager.NewDownloader(client, func(downloader *manager.Downloader) { downloader.PartSize = 5 * mib })
	checks.Must(downloader.Download(h.ctx, into, &s3.GetObjectInput{Bucket: bucket, Key: key}))
	h.SameBytes("a download by ranges in parallel", into.Bytes(), content)
}

func (h *harness) presignedByHost(client *s3.Client, through aws.HTTPClient, bucket *string, host string) {
	key, content, signer := aws.String("dir/signed a+b %ü#?"), checks.Noise(70_000, 9), s3.NewPresignClient(client)
	do := func(method, at string, body []byte) (int, []byte) {
		answer := checks.Must(through.Do(checks.Must(http.NewRequest(method, at, bytes.NewReader(body)))))
		defer answer.Body.Close()
		return answer.StatusCode, checks.Must(io.ReadAll(answer.Body))
	}
	put := checks.Must(signer.PresignPutObject(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, ContentLength: aws.Int64(int64(len(content)))}))
	h.Equal("a presigned URL: the bucket is the host", checks.Must(url.Parse(put.URL)).Hostname(), host)
	status, _ := do("PUT", put.URL, content)
	h.Equal("presigned PUT", status, 200)
	get := checks.Must(signer.PresignGetObject(h.ctx, &s3.GetObjectInput{Bucket: bucket, Key: key}))
	status, got := do("GET", get.URL, nil)
	h.Equal("presigned GET", []any{status, bytes.Equal(got, content)}, []any{200, true})
	status, _ = do("GET", strings.Replace(get.URL, *bucket, *bucket+"-not", 1), nil)
	h.Equal("presigned for another bucket", status, 403)
}
