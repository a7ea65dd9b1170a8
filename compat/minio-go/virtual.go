// Buckets as hosts, BUCKET.s3.localhost.
package main

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	checks "skerry/compat/lib"
)

func (h *harness) bucketsAsHosts() {
	at := checks.Must(url.Parse(os.Getenv("COMPAT_VIRTUAL_ENDPOINT")))
	transport := checks.Must(minio.DefaultTransport(at.Scheme == "https"))
	transport.DialContext = checks.DialLoopback
	byHost, bucket := client(at.String(), minio.BucketLookupDNS, transport), checks.Name("minio-go-host")
	check(byHost.MakeBucket(h.ctx, bucket, minio.MakeBucketOptions{}))
	h.made = append(h.made, bucket)
	read := func(key string) []byte {
		object := checks.Must(byHost.GetObject(h.ctx, bucket, key, minio.GetObjectOptions{}))
		defer object.Close()
		return checks.Must(io.ReadAll(object))
	}
	listed := checks.Must(byHost.ListBuckets(h.ctx))
	h.Check("ListBuckets, of the domain itself", slices.ContainsFunc(listed, func(each minio.BucketInfo) bool { return each.Name == bucket }), "the bucket is not there")
	content, names := checks.Noise(70_001, 7), []string{bucket + "/key", "a+b %41 #ü?", "dir/key"}
	for _, name := range names {
		checks.Must(byHost.PutObject(h.ctx, bucket, name, bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{}))
		h.SameBytes(name+": written by host, read by path", h.read(bucket, name, minio.GetObjectOptions{}), content)
		h.SameBytes(name+": written and read by host", read(name), content)
	}
	var found []string
	for each := range byHost.ListObjects(h.ctx, bucket, minio.ListObjectsOptions{Recursive: true}) {
		check(each.Err)
		found = append(found, each.Key)
	}
	h.Equal("ListObjects", found, slices.Sorted(slices.Values(names)))
	checks.Must(byHost.CopyObject(h.ctx, minio.CopyDestOptions{Bucket: bucket, Object: "copy"}, minio.CopySrcOptions{Bucket: bucket, Object: names[1]}))
	h.SameBytes("CopyObject", h.read(bucket, "copy", minio.GetObjectOptions{}), content)
	parts := checks.Noise(17*mib+3, 8)
	checks.Must(byHost.PutObject(h.ctx, bucket, "in parts ü", bytes.NewReader(parts), int64(len(parts)), minio.PutObjectOptions{PartSize: 5 * mib, NumThreads: 3}))
	h.SameBytes("an upload in parts", read("in parts ü"), parts)
	h.Check("an upload in parts: its entity tag", strings.HasSuffix(checks.Must(byHost.StatObject(h.ctx, bucket, "in parts ü", minio.StatObjectOptions{})).ETag, "-4"), "not of four parts")
	h.presignedByHost(byHost, &http.Client{Transport: transport}, bucket, at.Hostname())
	for _, name := range names {
		check(byHost.RemoveObject(h.ctx, bucket, name, minio.RemoveObjectOptions{}))
	}
	_, err := byHost.StatObject(h.ctx, bucket, names[0], minio.StatObjectOptions{})
	h.refused("a key that is gone", err, 404, "NoSuchKey")
	h.Equal("BucketExists of another", checks.Must(byHost.BucketExists(h.ctx, bucket+"-not")), false)
}

func (h *harness) presignedByHost(byHost *minio.Client, through *http.Client, bucket, domain string) {
	key, content := "dir/signed a+b %ü#?", checks.Noise(70_000, 9)
	do := func(method, at string, body []byte) (int, []byte) {
		answer := checks.Must(through.Do(checks.Must(http.NewRequest(method, at, bytes.NewReader(body)))))
		defer answer.Body.Close()
		return answer.StatusCode, checks.Must(io.ReadAll(answer.Body))
	}
	put := checks.Must(byHost.PresignedPutObject(h.ctx, bucket, key, time.Minute))
	h.Equal("a presigned URL: the bucket is the host", put.Hostname(), bucket+"."+domain)
	status, _ := do("PUT", put.String(), content)
	h.Equal("presigned PUT", status, 200)
	get := checks.Must(byHost.PresignedGetObject(h.ctx, bucket, key, time.Minute, nil)).String()
	status, got := do("GET", get, nil)
	h.Equal("presigned GET", []any{status, bytes.Equal(got, content)}, []any{200, true})
	status, _ = do("GET", strings.Replace(get, bucket, bucket+"-not", 1), nil)
	h.Equal("presigned for another bucket", status, 403)
}
