// Uploads, ranges, conditions, metadata, blocks, copies, deletion, a network that fails.
package main

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	checks "skerry/compat/lib"
)

func stream(data []byte) io.ReadSeekCloser { return streaming.NopCloser(bytes.NewReader(data)) }

func (h *harness) uploads() {
	client := h.container("uploads")
	for _, size := range []int{0, 1, 4095, 4097, 100_000, 5*mib + 1} {
		target, data := client.NewBlockBlobClient(fmt.Sprintf("sizes/%d", size)), checks.Noise(size, 1)
		sum := md5.Sum(data)
		answer := checks.Must(target.Upload(h.ctx, stream(data), &blockblob.UploadOptions{TransactionalValidation: blob.TransferValidationTypeMD5(sum[:])}))
		h.SameBytes(fmt.Sprintf("%d bytes", size), checks.Must(h.read(target.BlobClient(), nil)), data)
		h.Equal(fmt.Sprintf("%d bytes: etag", size), *checks.Must(target.GetProperties(h.ctx, nil)).ETag, *answer.ETag)
	}
	target, data := client.NewBlockBlobClient("parallel"), checks.Noise(40*mib+12345, 2)
	checks.Must(target.UploadBuffer(h.ctx, data, &blockblob.UploadBufferOptions{BlockSize: 2 * mib, Concurrency: 8}))
	got := make([]byte, len(data))
	checks.Must(target.DownloadBuffer(h.ctx, got, &blob.DownloadBufferOptions{BlockSize: 2 * mib, Concurrency: 8}))
	h.SameBytes("parallel block upload and parallel download", got, data)
	checks.Must(target.UploadStream(h.ctx, io.MultiReader(bytes.NewReader(data)), &blockblob.UploadStreamOptions{BlockSize: 3 * mib, Concurrency: 4}))
	h.SameBytes("a stream of unknown length", checks.Must(h.read(target.BlobClient(), nil)), data)
	checks.Must(target.Upload(h.ctx, body("short"), nil))
	h.Equal("overwritten by a shorter one", string(checks.Must(h.read(target.BlobClient(), nil))), "short")
	wrong := md5.Sum([]byte("other"))
	_, err := target.Upload(h.ctx, body("data"), &blockblob.UploadOptions{TransactionalValidation: blob.TransferValidationTypeMD5(wrong[:])})
	h.refused("a wrong MD5", err, 400, []string{"Md5Mismatch"})
}

func (h *harness) ranges() {
	const size = 5*mib + 321
	data := checks.Noise(size, 1)
	target := h.container("ranges").NewBlockBlobClient("blob")
	sum := md5.Sum(data)
	checks.Must(target.Upload(h.ctx, stream(data), nil))
	for _, each := range [][2]int64{{0, 1}, {0, size}, {4095, 2}, {mib - 1, mib + 2}, {size - 1, 1}, {size - 10, 1000}, {mib, 0}} {
		end := min(each[0]+each[1], size)
		if each[1] == 0 {
			end = size
		}
		got := checks.Must(h.read(target.BlobClient(), &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: each[0], Count: each[1]}}))
		h.SameBytes(fmt.Sprintf("offset %d, count %d", each[0], each[1]), got, data[each[0]:end])
	}
	_, err := h.read(target.BlobClient(), &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: size, Count: 1}})
	h.refused("beyond the end", err, 416, []string{"InvalidRange"}, "it answers 206 and no bytes at the very end")
	part := checks.Must(target.DownloadStream(h.ctx, &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: 100, Count: 900}, RangeGetContentMD5: to.Ptr(true)}))
	part.Body.Close()
	want := md5.Sum(data[100:1000])
	h.SameBytes("MD5 of a range", part.ContentMD5, want[:])
	h.SameBytes("the blob's own MD5 on a part", part.BlobContentMD5, sum[:])
}

func conditions(match *azcore.ETag, none *azcore.ETag, modified, unmodified *time.Time) *blob.AccessConditions {
	return &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: match, IfNoneMatch: none, IfModifiedSince: modified,
		IfUnmodifiedSince: unmodified}}
}

// notModified: this SDK takes a 304 for a success without body.
func (h *harness) notModified(what string, target *blockblob.Client, c *blob.AccessConditions) {
	response, err := target.DownloadStream(h.ctx, &blob.DownloadStreamOptions{AccessConditions: c})
	if err != nil {
		h.refused(what, err, 304, nil)
		return
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	code := ""
	if response.ErrorCode != nil {
		code = *response.ErrorCode
	}
	h.Equal(what, []any{len(content), err, code}, []any{0, nil, "ConditionNotMet"})
}

func (h *harness) conditions() {
	target := h.container("conditions").NewBlockBlobClient("blob")
	checks.Must(target.Upload(h.ctx, body("one"), nil))
	old := checks.Must(target.GetProperties(h.ctx, nil)).ETag
	read := func(c *blob.AccessConditions) error {
		_, err := h.read(target.BlobClient(), &blob.DownloadStreamOptions{AccessConditions: c})
		return err
	}
	write := func(c *blob.AccessConditions) error {
		_, err := target.Upload(h.ctx, body("three"), &blockblob.UploadOptions{AccessConditions: c})
		return err
	}
	notMet := []string{"ConditionNotMet"}
	h.Equal("If-Match, right", read(conditions(old, nil, nil, nil)), nil)
	h.notModified("If-None-Match, same etag, on read", target, conditions(nil, old, nil, nil))
	h.Equal("upload with the right etag", write(conditions(old, nil, nil, nil)), nil)
	now := checks.Must(target.GetProperties(h.ctx, nil))
	past := now.LastModified.Add(-time.Hour)
	stale := conditions(old, nil, nil, nil)
	h.refused("If-Match, stale, on read", read(stale), 412, notMet)
	h.refused("If-Match, stale, on upload", write(stale), 412, notMet)
	_, err := target.SetMetadata(h.ctx, nil, &blob.SetMetadataOptions{AccessConditions: stale})
	h.refused("If-Match, stale, on metadata", err, 412, notMet)
	_, err = target.CommitBlockList(h.ctx, nil, &blockblob.CommitBlockListOptions{AccessConditions: stale})
	h.refused("If-Match, stale, on block list", err, 412, notMet)
	_, err = target.Delete(h.ctx, &blob.DeleteOptions{AccessConditions: stale})
	h.refused("If-Match, stale, on delete", err, 412, notMet)
	h.refused("If-None-Match *, on upload", write(conditions(nil, to.Ptr(azcore.ETagAny), nil, nil)), 409, []string{"BlobAlreadyExists"})
	h.notModified("If-Modified-Since, same second, on read", target, conditions(nil, nil, now.LastModified, nil))
	h.Equal("If-Modified-Since, past", read(conditions(nil, nil, &past, nil)), nil)
	h.Equal("If-Unmodified-Since, same second", read(conditions(nil, nil, nil, now.LastModified)), nil)
	h.refused("If-Unmodified-Since, past, on read", read(conditions(nil, nil, nil, &past)), 412, notMet)
	h.refused("If-Unmodified-Since, past, on upload", write(conditions(nil, nil, nil, &past)), 412, notMet)
	h.Equal("nothing of that changed the blob", *checks.Must(target.GetProperties(h.ctx, nil)).ETag, *now.ETag)
}

func (h *harness) metadata() {
	target := h.container("metadata").NewBlockBlobClient("blob")
	headers := &blob.HTTPHeaders{BlobContentType: to.Ptr("text/x-test"), BlobCacheControl: to.Ptr("max-age=60"), BlobContentLanguage: to.Ptr("en"),
		BlobContentDisposition: to.Ptr("attachment")}
	checks.Must(target.Upload(h.ctx, body("data"), &blockblob.UploadOptions{Metadata: map[string]*string{"key": to.Ptr("a b")}, HTTPHeaders: headers}))
	got := checks.Must(target.GetProperties(h.ctx, nil))
	h.Equal("headers", []string{*got.ContentType, *got.CacheControl, *got.ContentLanguage, *got.ContentDisposition}, []string{"text/x-test", "max-age=60", "en", "attachment"})
	h.Equal("one metadata entry", len(got.Metadata), 1)
	for key, value := range got.Metadata {
		// net/http capitalizes header names
		h.Equal("metadata", []string{strings.ToLower(key), *value}, []string{"key", "a b"})
	}
	h.Equal("size and type", []any{*got.ContentLength, *got.BlobType}, []any{int64(4), blob.BlobTypeBlockBlob})
	checks.Must(target.SetHTTPHeaders(h.ctx, blob.HTTPHeaders{BlobContentType: to.Ptr("application/json")}, nil))
	checks.Must(target.SetMetadata(h.ctx, nil, nil))
	got = checks.Must(target.GetProperties(h.ctx, nil))
	h.Equal("replaced", []any{*got.ContentType, got.CacheControl == nil, len(got.Metadata)}, []any{"application/json", true, 0})
}

func blockID(n int) string {
	return base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("block %05d", n)))
}

func (h *harness) blocks() {
	target := h.container("blocks").NewBlockBlobClient("blob")
	parts := [][]byte{checks.Noise(100_000, 1), checks.Noise(100_001, 2), checks.Noise(100_002, 3)}
	for _, n := range []int{2, 0, 1} {
		checks.Must(target.StageBlock(h.ctx, blockID(n), stream(parts[n]), &blockblob.StageBlockOptions{TransactionalValidation: blob.TransferValidationTypeComputeCRC64()}))
	}
	listed := checks.Must(target.GetBlockList(h.ctx, blockblob.BlockListTypeAll, nil))
	h.Equal("before the commit", []int{len(listed.CommittedBlocks), len(listed.UncommittedBlocks)}, []int{0, 3})
	checks.Must(target.CommitBlockList(h.ctx, []string{blockID(2), blockID(0), blockID(1)}, nil))
	h.SameBytes("the bytes", checks.Must(h.read(target.BlobClient(), nil)), slices.Concat(parts[2], parts[0], parts[1]))
	listed = checks.Must(target.GetBlockList(h.ctx, blockblob.BlockListTypeAll, nil))
	found := []string{}
	for _, each := range listed.CommittedBlocks {
		found = append(found, *each.Name)
	}
	h.Equal("after the commit", found, []string{blockID(2), blockID(0), blockID(1)})
	checks.Must(target.StageBlock(h.ctx, blockID(7), body("new"), nil))
	checks.Must(target.CommitBlockList(h.ctx, []string{blockID(7), blockID(1)}, nil))
	h.SameBytes("old and new blocks together", checks.Must(h.read(target.BlobClient(), nil)), slices.Concat([]byte("new"), parts[1]))
	_, err := target.CommitBlockList(h.ctx, []string{blockID(1), blockID(8)}, nil)
	h.refused("commit of an unknown block", err, 400, []string{"InvalidBlockList"})
	_, err = target.StageBlock(h.ctx, blockID(8), body("data"), &blockblob.StageBlockOptions{TransactionalValidation: blob.TransferValidationTypeCRC64(1)})
	h.refused("a wrong CRC64", err, 400, []string{"Crc64Mismatch"}, "it does not check CRC64")
}

func (h *harness) signed(client *container.Client, name string) string {
	return checks.Must(client.NewBlobClient(name).GetSASURL(sas.BlobPermissions{Read: true}, time.Now().Add(time.Hour), nil))
}

func (h *harness) copies() {
	client, data := h.container("copy"), checks.Noise(3*mib+3, 1)
	name := "source #1 50%.bin"
	checks.Must(client.NewBlockBlobClient(name).Upload(h.ctx, stream(data), &blockblob.UploadOptions{Metadata: map[string]*string{"from": to.Ptr("source")}}))
	target := client.NewBlobClient("target")
	answer := checks.Must(target.StartCopyFromURL(h.ctx, h.signed(client, name), nil))
	h.Equal("Copy Blob: status", *answer.CopyStatus, blob.CopyStatusTypeSuccess)
	h.SameBytes("Copy Blob: the bytes", checks.Must(h.read(target, nil)), data)
	h.Equal("Copy Blob: metadata comes along", len(checks.Must(target.GetProperties(h.ctx, nil)).Metadata), 1)
	checks.Must(client.NewBlobClient("sync").CopyFromURL(h.ctx, h.signed(client, name), nil))
	h.SameBytes("synchronous: the bytes", checks.Must(h.read(client.NewBlobClient("sync"), nil)), data)
	_, err := target.StartCopyFromURL(h.ctx, client.NewBlobClient("nothing").URL(), nil)
	h.refused("a missing source", err, 404, nil)
}

func (h *harness) fromURL() {
	client, data := h.container("from-url"), checks.Noise(3*mib+3, 1)
	checks.Must(client.NewBlockBlobClient("source").Upload(h.ctx, stream(data), nil))
	target, url := client.NewBlockBlobClient("target"), h.signed(client, "source")
	checks.Must(target.UploadBlobFromURL(h.ctx, url, nil))
	h.SameBytes("Put Blob From URL", checks.Must(h.read(target.BlobClient(), nil)), data)
	checks.Must(target.StageBlockFromURL(h.ctx, blockID(0), url, &blockblob.StageBlockFromURLOptions{Range: blob.HTTPRange{Offset: 10, Count: mib}}))
	checks.Must(target.StageBlockFromURL(h.ctx, blockID(1), url, &blockblob.StageBlockFromURLOptions{Range: blob.HTTPRange{Offset: 0, Count: 5}}))
	checks.Must(target.CommitBlockList(h.ctx, []string{blockID(0), blockID(1)}, nil))
	h.SameBytes("Put Block From URL", checks.Must(h.read(target.BlobClient(), nil)), slices.Concat(data[10:10+mib], data[:5]))
	_, err := target.UploadBlobFromURL(h.ctx, h.signed(client, "nothing"), nil)
	h.refused("a missing source", err, 404, []string{"CannotVerifyCopySource"})
}

func (h *harness) deletion() {
	client := h.container("deletion")
	upload(h, client, "a", "a")
	upload(h, client, "a/b", "b")
	checks.Must(client.NewBlobClient("a").Delete(h.ctx, nil))
	_, err := h.read(client.NewBlobClient("a"), nil)
	h.refused("download of a deleted blob", err, 404, []string{"BlobNotFound"})
	_, err = client.NewBlobClient("a").Delete(h.ctx, nil)
	h.refused("deletion of a deleted blob", err, 404, []string{"BlobNotFound"})
	h.Equal("the other stays", string(checks.Must(h.read(client.NewBlobClient("a/b"), nil))), "b")
}

func (h *harness) through(variable string, client *container.Client) *blockblob.Client {
	name := client.URL()[strings.LastIndex(client.URL(), "/")+1:]
	return h.serviceAt(os.Getenv(variable)).NewContainerClient(name).NewBlockBlobClient("blob")
}

func (h *harness) cutUpload() {
	client, data := h.container("cut-up"), checks.Noise(8*mib, 1)
	checks.Must(h.through("COMPAT_UPLOAD_CUT_ENDPOINT", client).Upload(h.ctx, stream(data), nil))
	h.SameBytes("the bytes after a retried upload", checks.Must(h.read(client.NewBlobClient("blob"), nil)), data)
}

func (h *harness) cutDownload() {
	client, data := h.container("cut-down"), checks.Noise(8*mib, 2)
	checks.Must(client.NewBlockBlobClient("blob").Upload(h.ctx, stream(data), nil))
	h.SameBytes("the bytes after a retried download", checks.Must(h.read(h.through("COMPAT_DOWNLOAD_CUT_ENDPOINT", client).BlobClient(), nil)), data)
}
