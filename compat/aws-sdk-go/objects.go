// Buckets and objects.
package main

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	checks "skerry/compat/lib"
)

func (h *harness) put(bucket *string, key, content string) *s3.PutObjectOutput {
	return checks.Must(h.s3.PutObject(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: strings.NewReader(content)}))
}

func (h *harness) buckets() {
	bucket := h.bucket("life")
	listed := checks.Must(h.s3.ListBuckets(h.ctx, nil))
	h.Check("ListBuckets names it", slices.ContainsFunc(listed.Buckets, func(each types.Bucket) bool { return *each.Name == *bucket }), "it does not")
	waiter := s3.NewBucketExistsWaiter(h.s3)
	h.Check("the bucket exists", waiter.Wait(h.ctx, &s3.HeadBucketInput{Bucket: bucket}, 10*time.Second) == nil, "it does not")
	h.put(bucket, "key", "1")
	_, err := h.s3.DeleteBucket(h.ctx, &s3.DeleteBucketInput{Bucket: bucket})
	h.refused("DeleteBucket that is not empty", err, 409, "BucketNotEmpty")
	checks.Must(h.s3.DeleteObject(h.ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("key")}))
	checks.Must(h.s3.DeleteBucket(h.ctx, &s3.DeleteBucketInput{Bucket: bucket}))
	_, err = h.s3.HeadBucket(h.ctx, &s3.HeadBucketInput{Bucket: bucket})
	h.refused("HeadBucket after its deletion", err, 404, "NotFound")
	_, err = h.s3.GetObject(h.ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("key")})
	h.refused("GetObject from a missing bucket", err, 404, "NoSuchBucket")
}

func (h *harness) listings() {
	bucket := h.bucket("list")
	names := []string{"a b/1", "a+b/1", "a/1", "a/2", "top", "z", "ü%/1"}
	for _, name := range names {
		h.put(bucket, name, name)
	}
	var found, prefixes []string
	count := 0
	pages := s3.NewListObjectsV2Paginator(h.s3, &s3.ListObjectsV2Input{Bucket: bucket, MaxKeys: aws.Int32(3)})
	for ; pages.HasMorePages(); count++ {
		for _, each := range checks.Must(pages.NextPage(h.ctx)).Contents {
			found = append(found, *each.Key)
		}
	}
	h.Equal("pages of 3: keys", found, names)
	h.Equal("pages of 3", count, 3)
	pages = s3.NewListObjectsV2Paginator(h.s3, &s3.ListObjectsV2Input{Bucket: bucket, Delimiter: aws.String("/"), MaxKeys: aws.Int32(2)})
	for pages.HasMorePages() {
		for _, each := range checks.Must(pages.NextPage(h.ctx)).CommonPrefixes {
			prefixes = append(prefixes, *each.Prefix)
		}
	}
	h.Equal("by delimiter", prefixes, []string{"a b/", "a+b/", "a/", "ü%/"})
	after := checks.Must(h.s3.ListObjectsV2(h.ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("a/"), StartAfter: aws.String("a/1")}))
	h.Equal("Prefix and StartAfter", len(after.Contents), 1)
}

func (h *harness) bodies() {
	bucket, key, content := h.bucket("bodies"), aws.String("dir/a+b %ü#"), checks.Noise(3*mib+7, 1)
	metadata := map[string]string{"one": "1", "two-words": "a value; with = in it"}
	put := checks.Must(h.s3.PutObject(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: bytes.NewReader(content), ContentType: aws.String("text/x-test"),
		CacheControl: aws.String("max-age=60"), Metadata: metadata, Tagging: aws.String("tag=1%201")}))
	head := checks.Must(h.s3.HeadObject(h.ctx, &s3.HeadObjectInput{Bucket: bucket, Key: key}))
	h.Equal("HeadObject", []any{*head.ContentLength, *head.ContentType, *head.CacheControl, *head.ETag, head.Metadata}, []any{int64(len(content)), "text/x-test", "max-age=60", *put.ETag, metadata})
	h.SameBytes("GetObject", h.read(&s3.GetObjectInput{Bucket: bucket, Key: key}), content)
	for text, want := range map[string][]byte{"bytes=0-0": content[:1], "bytes=65535-65536": content[65535:65537], "bytes=-9": content[len(content)-9:], "bytes=3000000-": content[3000000:]} {
		h.SameBytes("GetObject "+text, h.read(&s3.GetObjectInput{Bucket: bucket, Key: key, Range: &text}), want)
	}
	_, err := h.s3.GetObject(h.ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, Range: aws.String("bytes=9999999-")})
	h.refused("a range beyond the end", err, 416, "InvalidRange")
	_, err = h.s3.GetObject(h.ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("nothing")})
	h.refused("a missing key", err, 404, "NoSuchKey")
	tags := checks.Must(h.s3.GetObjectTagging(h.ctx, &s3.GetObjectTaggingInput{Bucket: bucket, Key: key}))
	h.Equal("tags", []string{*tags.TagSet[0].Key, *tags.TagSet[0].Value}, []string{"tag", "1 1"})
	deleted := checks.Must(h.s3.DeleteObjects(h.ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: key}, {Key: aws.String("not there")}}}}))
	h.Equal("DeleteObjects", []int{len(deleted.Deleted), len(deleted.Errors)}, []int{2, 0})
}

func (h *harness) checksums() {
	bucket, content := h.bucket("checksums"), checks.Noise(mib+1, 2)
	for _, algorithm := range []types.ChecksumAlgorithm{types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmSha1, types.ChecksumAlgorithmSha256} {
		key := aws.String(string(algorithm))
		put, err := h.s3.PutObject(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: bytes.NewReader(content), ChecksumAlgorithm: algorithm})
		if err != nil {
			h.Check(fmt.Sprintf("%s: put", algorithm), false, err.Error())
			continue
		}
		sent := []*string{put.ChecksumCRC32, put.ChecksumCRC32C, put.ChecksumCRC64NVME, put.ChecksumSHA1, put.ChecksumSHA256}
		got := checks.Must(h.s3.GetObject(h.ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, ChecksumMode: types.ChecksumModeEnabled}))
		back := []*string{got.ChecksumCRC32, got.ChecksumCRC32C, got.ChecksumCRC64NVME, got.ChecksumSHA1, got.ChecksumSHA256}
		h.Check(fmt.Sprintf("%s: sent", algorithm), slices.ContainsFunc(sent, func(each *string) bool { return each != nil }), "the answer has none")
		h.Equal(fmt.Sprintf("%s: given back", algorithm), texts(back), texts(sent))
		body := new(bytes.Buffer)
		_, err = body.ReadFrom(got.Body)
		got.Body.Close()
		h.Check(fmt.Sprintf("%s: compared by the client", algorithm), err == nil && bytes.Equal(body.Bytes(), content), fmt.Sprint(err))
	}
	_, err := h.s3.PutObject(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("wrong"), Body: strings.NewReader("other"), ChecksumCRC32: aws.String("AAAAAA==")})
	h.refused("a wrong checksum", err, 400, "BadDigest")
}

func texts(pointers []*string) (found []string) {
	for _, each := range pointers {
		found = append(found, aws.ToString(each))
	}
	return found
}

func (h *harness) conditions() {
	bucket, key := h.bucket("conditions"), aws.String("key")
	first := h.put(bucket, *key, "first")
	changed := *checks.Must(h.s3.HeadObject(h.ctx, &s3.HeadObjectInput{Bucket: bucket, Key: key})).LastModified
	_, err := h.s3.PutObject(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("second"), IfNoneMatch: aws.String("*")})
	h.refused("PutObject IfNoneMatch '*' onto something", err, 412, "PreconditionFailed")
	_, err = h.s3.GetObject(h.ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, IfMatch: aws.String(`"0"`)})
	h.refused("GetObject IfMatch of another", err, 412, "PreconditionFailed")
	_, err = h.s3.GetObject(h.ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, IfNoneMatch: first.ETag})
	h.refused("GetObject IfNoneMatch", err, 304)
	_, err = h.s3.GetObject(h.ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, IfModifiedSince: &changed})
	h.refused("GetObject IfModifiedSince", err, 304)
	checks.Must(h.s3.PutObject(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("second"), IfMatch: first.ETag}))
	h.Equal("PutObject IfMatch", string(h.read(&s3.GetObjectInput{Bucket: bucket, Key: key})), "second")
}

func (h *harness) copies() {
	bucket, content := h.bucket("copies"), checks.Noise(200_003, 3)
	checks.Must(h.s3.PutObject(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("dir/source ü"), Body: bytes.NewReader(content), Metadata: map[string]string{"one": "1"}}))
	source := aws.String(*bucket + "/dir/source%20%C3%BC")
	checks.Must(h.s3.CopyObject(h.ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("kept"), CopySource: source}))
	h.SameBytes("CopyObject", h.read(&s3.GetObjectInput{Bucket: bucket, Key: aws.String("kept")}), content)
	checks.Must(h.s3.CopyObject(h.ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("replaced"), CopySource: source, MetadataDirective: types.MetadataDirectiveReplace, Metadata: map[string]string{"two": "2"}}))
	for key, want := range map[string]map[string]string{"kept": {"one": "1"}, "replaced": {"two": "2"}} {
		h.Equal("metadata of "+key, checks.Must(h.s3.HeadObject(h.ctx, &s3.HeadObjectInput{Bucket: bucket, Key: &key})).Metadata, want)
	}
	_, err := h.s3.CopyObject(h.ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("x"), CopySource: source, CopySourceIfMatch: aws.String(`"0"`)})
	h.refused("a condition that does not hold", err, 412, "PreconditionFailed")
	_, err = h.s3.CopyObject(h.ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("x"), CopySource: aws.String(*bucket + "/nothing")})
	h.refused("a missing source", err, 404, "NoSuchKey")
}

func (h *harness) presigned() {
	bucket, key, content := h.bucket("presigned"), aws.String("dir/a+b %ü#?"), checks.Noise(70_000, 4)
	signer := s3.NewPresignClient(h.s3)
	do := func(signed *v4.PresignedHTTPRequest, method string, body []byte) (int, http.Header, []byte) {
		request := checks.Must(http.NewRequest(method, signed.URL, bytes.NewReader(body)))
		for name, values := range signed.SignedHeader {
			if name != "Host" && name != "Content-Length" {
				request.Header[name] = values
			}
		}
		return h.fetch(request)
	}
	put := checks.Must(signer.PresignPutObject(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, ContentType: aws.String("text/x-signed"), ContentLength: aws.Int64(int64(len(content)))}))
	status, _, _ := do(put, "PUT", content)
	h.Equal("presigned PUT", status, 200)
	get := checks.Must(signer.PresignGetObject(h.ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, ResponseContentType: aws.String("text/other")}, s3.WithPresignExpires(time.Minute)))
	status, header, body := do(get, "GET", nil)
	h.Equal("presigned GET", []any{status, header.Get("Content-Type"), bytes.Equal(body, content)}, []any{200, "text/other", true})
	status, _, _ = do(get, "DELETE", nil)
	h.Equal("presigned for another method", status, 403)
	get.URL = strings.Replace(get.URL, "dir/", "other/", 1)
	status, _, _ = do(get, "GET", nil)
	h.Equal("presigned for another key", status, 403)
}

func (h *harness) versions() {
	bucket, key := h.bucket("versions"), aws.String("dir/a+b ü")
	checks.Must(h.s3.PutBucketVersioning(h.ctx, &s3.PutBucketVersioningInput{Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}))
	first, second := h.put(bucket, *key, "first"), h.put(bucket, *key, "second")
	gone := checks.Must(h.s3.DeleteObject(h.ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key}))
	h.Check("DeleteObject makes a marker", aws.ToBool(gone.DeleteMarker), "it does not")
	_, err := h.s3.GetObject(h.ctx, &s3.GetObjectInput{Bucket: bucket, Key: key})
	h.refused("GetObject under a marker", err, 404, "NoSuchKey")
	h.Equal("the old version", string(h.read(&s3.GetObjectInput{Bucket: bucket, Key: key, VersionId: first.VersionId})), "first")
	var found []string
	pages := s3.NewListObjectVersionsPaginator(h.s3, &s3.ListObjectVersionsInput{Bucket: bucket, MaxKeys: aws.Int32(2)})
	for pages.HasMorePages() {
		page := checks.Must(pages.NextPage(h.ctx))
		for _, each := range page.DeleteMarkers {
			found = append(found, *each.VersionId)
		}
		for _, each := range page.Versions {
			found = append(found, *each.VersionId)
		}
	}
	h.Equal("versions in pages of 2, newest first", found, []string{*gone.VersionId, *second.VersionId, *first.VersionId})
	checks.Must(h.s3.DeleteObject(h.ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key, VersionId: gone.VersionId}))
	h.Equal("without the marker", string(h.read(&s3.GetObjectInput{Bucket: bucket, Key: key})), "second")
	checks.Must(h.s3.DeleteObject(h.ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key, VersionId: second.VersionId}))
	h.Equal("without the second version", string(h.read(&s3.GetObjectInput{Bucket: bucket, Key: key})), "first")
}
