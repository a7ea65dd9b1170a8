// The transfer manager: streams, a tree, a large file, and connections that are cut.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	checks "skerry/compat/lib"
)

func (h *harness) streams() {
	bucket := h.bucket("streams")
	uploader := manager.NewUploader(h.s3, func(uploader *manager.Uploader) { uploader.PartSize, uploader.Concurrency = 5*mib, 3 })
	for _, size := range []int{0, 5*mib - 1, 5 * mib, 17*mib + 3} {
		content, key := checks.Noise(size, 5), fmt.Sprint(size)
		// A reader that can only be read: its length is not known
		checks.Must(uploader.Upload(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: io.MultiReader(bytes.NewReader(content)), Metadata: map[string]string{"one": "1"}}))
		h.SameBytes("a stream of "+key+" bytes", h.read(&s3.GetObjectInput{Bucket: bucket, Key: &key}), content)
		h.Equal("its metadata", checks.Must(h.s3.HeadObject(h.ctx, &s3.HeadObjectInput{Bucket: bucket, Key: &key})).Metadata, map[string]string{"one": "1"})
	}
}

func (h *harness) tree() {
	bucket := h.bucket("tree")
	root, names := checks.Tree()
	h.Equal("up: failures", checks.InParallel(names, func(name string) error {
		file, err := os.Open(filepath.Join(root, name))
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = h.s3.PutObject(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: &name, Body: file})
		return err
	}), []string(nil))
	listed := 0
	pages := s3.NewListObjectsV2Paginator(h.s3, &s3.ListObjectsV2Input{Bucket: bucket, MaxKeys: aws.Int32(100)})
	for pages.HasMorePages() {
		listed += len(checks.Must(pages.NextPage(h.ctx)).Contents)
	}
	h.Equal("listed", listed, len(names))
	h.Equal(fmt.Sprintf("every byte of %d files", len(names)), checks.InParallel(names, func(name string) error {
		answer, err := h.s3.GetObject(h.ctx, &s3.GetObjectInput{Bucket: bucket, Key: &name})
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		got, err := io.ReadAll(answer.Body)
		if err == nil && !bytes.Equal(got, checks.Must(os.ReadFile(filepath.Join(root, name)))) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}), []string(nil))
}

func (h *harness) large() {
	bucket, key, source := h.bucket("large"), aws.String("large"), os.Getenv("COMPAT_LARGE_FILE")
	file := checks.Must(os.Open(source))
	defer file.Close()
	start := time.Now()
	uploader := manager.NewUploader(h.s3, func(uploader *manager.Uploader) { uploader.PartSize = 16 * mib })
	checks.Must(uploader.Upload(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: file}))
	middle := time.Now()
	down := checks.Must(os.Create("large.down"))
	defer down.Close()
	downloader := manager.NewDownloader(h.s3, func(downloader *manager.Downloader) { downloader.PartSize, downloader.Concurrency = 7*mib, 8 })
	size := checks.Must(downloader.Download(h.ctx, down, &s3.GetObjectInput{Bucket: bucket, Key: key}))
	fmt.Printf("large file of %d bytes: up %.1f s, down %.1f s\n", size, middle.Sub(start).Seconds(), time.Since(middle).Seconds())
	h.Equal("large file, by ranges in parallel: every byte", checks.SameFile(source, "large.down"), "")
	_ = os.Remove("large.down")
}

func (h *harness) cuts() {
	bucket, key, content := h.bucket("cuts"), aws.String("key"), checks.Noise(6*mib, 6)
	checks.Must(h.clientAt(os.Getenv("COMPAT_UPLOAD_CUT_ENDPOINT")).PutObject(h.ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: bytes.NewReader(content)}))
	h.SameBytes("an upload that was cut", h.read(&s3.GetObjectInput{Bucket: bucket, Key: key}), content)
	into := manager.NewWriteAtBuffer(nil)
	through := manager.NewDownloader(h.clientAt(os.Getenv("COMPAT_DOWNLOAD_CUT_ENDPOINT")))
	checks.Must(through.Download(h.ctx, into, &s3.GetObjectInput{Bucket: bucket, Key: key}))
	h.SameBytes("a download that was cut", into.Bytes(), content)
}
