// What minio-go does with buckets and objects.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/tags"

	checks "skerry/compat/lib"
)

func (h *harness) put(bucket, key, content string) minio.UploadInfo {
	return checks.Must(h.client.PutObject(h.ctx, bucket, key, strings.NewReader(content), int64(len(content)), minio.PutObjectOptions{}))
}

func (h *harness) buckets() {
	bucket := h.bucket("life")
	h.Equal("BucketExists", checks.Must(h.client.BucketExists(h.ctx, bucket)), true)
	h.Equal("BucketExists of another", checks.Must(h.client.BucketExists(h.ctx, bucket+"-not")), false)
	listed := checks.Must(h.client.ListBuckets(h.ctx))
	h.Check("ListBuckets names it", slices.ContainsFunc(listed, func(each minio.BucketInfo) bool { return each.Name == bucket }), "it does not")
	h.Equal("GetBucketLocation", checks.Must(h.client.GetBucketLocation(h.ctx, bucket)), "us-east-1")
	h.put(bucket, "key", "1")
	h.refused("RemoveBucket that is not empty", h.client.RemoveBucket(h.ctx, bucket), 409, "BucketNotEmpty")
	check(h.client.RemoveObject(h.ctx, bucket, "key", minio.RemoveObjectOptions{}))
	check(h.client.RemoveBucket(h.ctx, bucket))
	_, err := h.client.StatObject(h.ctx, bucket, "key", minio.StatObjectOptions{})
	h.Check("StatObject in a missing bucket", err != nil && minio.ToErrorResponse(err).StatusCode == 404, fmt.Sprint(err))
}

func (h *harness) objects() {
	bucket, key, content := h.bucket("objects"), "dir/a+b %ü#", checks.Noise(3*mib+7, 1)
	options := minio.PutObjectOptions{ContentType: "text/x-test", CacheControl: "max-age=60", ContentDisposition: "attachment", ContentLanguage: "fi",
		UserMetadata: map[string]string{"One": "1", "Two-Words": "a value; with = in it"}, UserTags: map[string]string{"tag": "1 1"}, SendContentMd5: true}
	put := checks.Must(h.client.PutObject(h.ctx, bucket, key, bytes.NewReader(content), int64(len(content)), options))
	delete(options.UserMetadata, "x-amz-checksum-algorithm") // the client adds it
	stat := checks.Must(h.client.StatObject(h.ctx, bucket, key, minio.StatObjectOptions{}))
	h.Equal("StatObject", []any{stat.Size, stat.ContentType, stat.ETag, stat.Metadata.Get("Cache-Control"), map[string]string(stat.UserMetadata), stat.UserTagCount},
		[]any{int64(len(content)), "text/x-test", put.ETag, "max-age=60", options.UserMetadata, 1})
	h.SameBytes("GetObject", h.read(bucket, key, minio.GetObjectOptions{}), content)
	object := checks.Must(h.client.GetObject(h.ctx, bucket, key, minio.GetObjectOptions{}))
	piece := make([]byte, 100)
	checks.Must(object.ReadAt(piece, 2*mib))
	h.SameBytes("ReadAt", piece, content[2*mib:][:100])
	checks.Must(object.Seek(-50, io.SeekEnd))
	h.SameBytes("Seek and read to the end", checks.Must(io.ReadAll(object)), content[len(content)-50:])
	check(object.Close())
	set := checks.Must(h.client.GetObjectTagging(h.ctx, bucket, key, minio.GetObjectTaggingOptions{}))
	h.Equal("GetObjectTagging", set.ToMap(), map[string]string{"tag": "1 1"})
	check(h.client.PutObjectTagging(h.ctx, bucket, key, checks.Must(tags.NewTags(map[string]string{"new": "2"}, true)), minio.PutObjectTaggingOptions{}))
	check(h.client.RemoveObjectTagging(h.ctx, bucket, key, minio.RemoveObjectTaggingOptions{}))
	_, err := h.client.StatObject(h.ctx, bucket, "nothing", minio.StatObjectOptions{})
	h.refused("a missing key", err, 404, "NoSuchKey")
	for _, kind := range []minio.ChecksumType{minio.ChecksumCRC32, minio.ChecksumCRC32C, minio.ChecksumCRC64NVME, minio.ChecksumSHA1, minio.ChecksumSHA256} {
		sent := checks.Must(h.client.PutObject(h.ctx, bucket, kind.String(), bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{Checksum: kind}))
		back := checks.Must(h.client.StatObject(h.ctx, bucket, kind.String(), minio.StatObjectOptions{Checksum: true}))
		h.Equal(kind.String()+" given back", []string{back.ChecksumCRC32, back.ChecksumCRC32C, back.ChecksumCRC64NVME, back.ChecksumSHA1, back.ChecksumSHA256},
			[]string{sent.ChecksumCRC32, sent.ChecksumCRC32C, sent.ChecksumCRC64NVME, sent.ChecksumSHA1, sent.ChecksumSHA256})
	}
	attributes := checks.Must(h.client.GetObjectAttributes(h.ctx, bucket, key, minio.ObjectAttributesOptions{}))
	h.Equal("GetObjectAttributes", []any{attributes.ObjectSize, attributes.ETag}, []any{len(content), put.ETag})
	only := minio.PutObjectOptions{}
	only.SetMatchETagExcept("*")
	_, err = h.client.PutObject(h.ctx, bucket, key, strings.NewReader("other"), 5, only)
	h.refused("PutObject where nothing may be", err, 412, "PreconditionFailed")
}

func (h *harness) streams() {
	bucket := h.bucket("streams")
	for _, size := range []int{0, 1, 5 * mib, 23*mib + 3} {
		content, key := checks.Noise(size, 2), fmt.Sprint(size)
		for name, kind := range map[string]minio.ChecksumType{"": minio.ChecksumNone, " CRC64NVME": minio.ChecksumCRC64NVME, " whole CRC32C": minio.ChecksumFullObjectCRC32C} {
			info, err := h.client.PutObject(h.ctx, bucket, key+name, io.MultiReader(bytes.NewReader(content)), -1, minio.PutObjectOptions{PartSize: 5 * mib, NumThreads: 3, ConcurrentStreamParts: true, AutoChecksum: kind})
			if err != nil {
				h.Check("a stream of "+key+name+" bytes", false, err.Error())
				continue
			}
			h.Equal("size of "+key+name, info.Size, int64(size))
			h.SameBytes("a stream of "+key+name+" bytes", h.read(bucket, key+name, minio.GetObjectOptions{}), content)
		}
	}
	uploads := 0
	for range h.client.ListIncompleteUploads(h.ctx, bucket, "", true) {
		uploads++
	}
	h.Equal("incomplete uploads that are left", uploads, 0)
}

func (h *harness) copies() {
	bucket, content := h.bucket("copies"), checks.Noise(12*mib+5, 3)
	checks.Must(h.client.PutObject(h.ctx, bucket, "dir/source ü+", bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{UserMetadata: map[string]string{"One": "1"}, DisableMultipart: true}))
	source := minio.CopySrcOptions{Bucket: bucket, Object: "dir/source ü+"}
	checks.Must(h.client.CopyObject(h.ctx, minio.CopyDestOptions{Bucket: bucket, Object: "kept"}, source))
	checks.Must(h.client.CopyObject(h.ctx, minio.CopyDestOptions{Bucket: bucket, Object: "replaced", ReplaceMetadata: true, UserMetadata: map[string]string{"Two": "2"}}, source))
	for key, want := range map[string]minio.StringMap{"kept": {"One": "1"}, "replaced": {"Two": "2"}} {
		h.SameBytes("CopyObject: "+key, h.read(bucket, key, minio.GetObjectOptions{}), content)
		h.Equal("metadata of "+key, checks.Must(h.client.StatObject(h.ctx, bucket, key, minio.StatObjectOptions{})).UserMetadata, want)
	}
	source.MatchETag = "00000000000000000000000000000000"
	_, err := h.client.CopyObject(h.ctx, minio.CopyDestOptions{Bucket: bucket, Object: "x"}, source)
	h.refused("a condition that does not hold", err, 412, "PreconditionFailed")
	h.put(bucket, "tail", "the tail")
	checks.Must(h.client.ComposeObject(h.ctx, minio.CopyDestOptions{Bucket: bucket, Object: "composed"}, minio.CopySrcOptions{Bucket: bucket, Object: "kept", MatchRange: true, Start: 3, End: 6*mib + 2},
		minio.CopySrcOptions{Bucket: bucket, Object: "dir/source ü+"}, minio.CopySrcOptions{Bucket: bucket, Object: "tail"}))
	h.SameBytes("ComposeObject", h.read(bucket, "composed", minio.GetObjectOptions{}), slices.Concat(content[3:6*mib+3], content, []byte("the tail")))
}

func (h *harness) listings() {
	bucket := h.bucket("list")
	var names []string
	for n := range 60 {
		names = append(names, fmt.Sprintf("a b/%03d", n), fmt.Sprintf("a+b/%03d", n))
	}
	names = append(names, "top", "ü%/1")
	slices.Sort(names)
	h.Equal("put: failures", checks.InParallel(names, func(name string) error {
		_, err := h.client.PutObject(h.ctx, bucket, name, strings.NewReader(name), int64(len(name)), minio.PutObjectOptions{})
		return err
	}), []string(nil))
	list := func(options minio.ListObjectsOptions) (found []string) {
		for each := range h.client.ListObjects(h.ctx, bucket, options) {
			check(each.Err)
			found = append(found, each.Key)
		}
		return found
	}
	h.Equal("every key, in pages of 50", list(minio.ListObjectsOptions{Recursive: true, MaxKeys: 50}), names)
	h.Equal("every key by version 1", list(minio.ListObjectsOptions{Recursive: true, MaxKeys: 50, UseV1: true}), names)
	h.Equal("one level", list(minio.ListObjectsOptions{}), []string{"top", "a b/", "a+b/", "ü%/"})
	h.Equal("after a key", list(minio.ListObjectsOptions{Recursive: true, StartAfter: "a+b/058"}), []string{"a+b/059", "top", "ü%/1"})
	h.Equal("below a prefix", len(list(minio.ListObjectsOptions{Recursive: true, Prefix: "a b/01"})), 10)
	doomed := make(chan minio.ObjectInfo, len(names))
	for _, name := range names {
		doomed <- minio.ObjectInfo{Key: name}
	}
	close(doomed)
	for failure := range h.client.RemoveObjects(h.ctx, bucket, doomed, minio.RemoveObjectsOptions{}) {
		h.Check("RemoveObjects "+failure.ObjectName, false, failure.Err.Error())
	}
	h.Equal("after RemoveObjects", list(minio.ListObjectsOptions{Recursive: true}), []string(nil))
}

func (h *harness) presigned() {
	bucket, key, content := h.bucket("presigned"), "dir/a+b %ü#?", checks.Noise(70_000, 4)
	status, _, _ := h.fetch("PUT", checks.Must(h.client.PresignedPutObject(h.ctx, bucket, key, time.Minute)), bytes.NewReader(content))
	h.Equal("presigned PUT", status, 200)
	get := checks.Must(h.client.PresignedGetObject(h.ctx, bucket, key, time.Minute, url.Values{"response-content-type": {"text/other"}}))
	status, header, body := h.fetch("GET", get, nil)
	h.Equal("presigned GET", []any{status, header.Get("Content-Type"), bytes.Equal(body, content)}, []any{200, "text/other", true})
	status, _, _ = h.fetch("HEAD", checks.Must(h.client.PresignedHeadObject(h.ctx, bucket, key, time.Minute, nil)), nil)
	h.Equal("presigned HEAD", status, 200)
	status, _, _ = h.fetch("DELETE", get, nil)
	h.Equal("presigned for another method", status, 403)
}

func (h *harness) versions() {
	bucket, key := h.bucket("versions"), "dir/a+b ü"
	check(h.client.EnableVersioning(h.ctx, bucket))
	first, second := h.put(bucket, key, "first"), h.put(bucket, key, "second")
	check(h.client.RemoveObject(h.ctx, bucket, key, minio.RemoveObjectOptions{}))
	_, err := h.client.StatObject(h.ctx, bucket, key, minio.StatObjectOptions{})
	h.refused("StatObject under a marker", err, 404, "NoSuchKey")
	h.Equal("the old version", string(h.read(bucket, key, minio.GetObjectOptions{VersionID: first.VersionID})), "first")
	var found []string
	marker := ""
	for each := range h.client.ListObjects(h.ctx, bucket, minio.ListObjectsOptions{Recursive: true, WithVersions: true, MaxKeys: 2}) {
		check(each.Err)
		if each.IsDeleteMarker {
			marker = each.VersionID
		} else {
			found = append(found, each.VersionID)
		}
	}
	h.Equal("versions, newest first", found, []string{second.VersionID, first.VersionID})
	check(h.client.RemoveObject(h.ctx, bucket, key, minio.RemoveObjectOptions{VersionID: marker}))
	h.Equal("without the marker", string(h.read(bucket, key, minio.GetObjectOptions{})), "second")
	check(h.client.RemoveObject(h.ctx, bucket, key, minio.RemoveObjectOptions{VersionID: second.VersionID}))
	h.Equal("without the second version", string(h.read(bucket, key, minio.GetObjectOptions{})), "first")
	check(h.client.SuspendVersioning(h.ctx, bucket))
	h.Equal("GetBucketVersioning", checks.Must(h.client.GetBucketVersioning(h.ctx, bucket)).Status, "Suspended")
}

func (h *harness) tree() {
	bucket := h.bucket("tree")
	root, names := checks.Tree()
	h.Equal("up: failures", checks.InParallel(names, func(name string) error {
		_, err := h.client.FPutObject(h.ctx, bucket, name, filepath.Join(root, name), minio.PutObjectOptions{})
		return err
	}), []string(nil))
	down := checks.Must(os.MkdirTemp(".", "down"))
	defer os.RemoveAll(down)
	h.Equal(fmt.Sprintf("every byte of %d files", len(names)), checks.InParallel(names, func(name string) error {
		// Numbered: FGetObject adds 50 bytes to a name for its temporary file, too long for those of 240
		path := filepath.Join(down, fmt.Sprint(slices.Index(names, name)))
		if err := h.client.FGetObject(h.ctx, bucket, name, path, minio.GetObjectOptions{}); err != nil {
			return err
		}
		if where := checks.SameFile(filepath.Join(root, name), path); where != "" {
			return fmt.Errorf("%s", where)
		}
		return nil
	}), []string(nil))
}

func (h *harness) large() {
	bucket, source := h.bucket("large"), os.Getenv("COMPAT_LARGE_FILE")
	start := time.Now()
	info := checks.Must(h.client.FPutObject(h.ctx, bucket, "large", source, minio.PutObjectOptions{PartSize: 16 * mib, NumThreads: 4}))
	middle := time.Now()
	check(h.client.FGetObject(h.ctx, bucket, "large", "large.down", minio.GetObjectOptions{}))
	fmt.Printf("large file of %d bytes: up %.1f s, down %.1f s\n", info.Size, middle.Sub(start).Seconds(), time.Since(middle).Seconds())
	h.Equal("large file: every byte", checks.SameFile(source, "large.down"), "")
	_ = os.Remove("large.down")
}

func (h *harness) cuts() {
	bucket, content := h.bucket("cuts"), checks.Noise(6*mib, 6)
	checks.Must(h.clientAt(os.Getenv("COMPAT_UPLOAD_CUT_ENDPOINT")).PutObject(h.ctx, bucket, "key", bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{}))
	h.SameBytes("an upload that was cut", h.read(bucket, "key", minio.GetObjectOptions{}), content)
	// The library does not retry the reading of a body, but FGetObject goes on with the part of the file that it has
	through := h.clientAt(os.Getenv("COMPAT_DOWNLOAD_CUT_ENDPOINT"))
	failures := 0
	for through.FGetObject(h.ctx, bucket, "key", "cut.down", minio.GetObjectOptions{}) != nil && failures < 3 {
		failures++
	}
	h.Equal("a download that was cut fails once", failures, 1)
	h.SameBytes("a download that was cut, continued", checks.Must(os.ReadFile("cut.down")), content)
}
