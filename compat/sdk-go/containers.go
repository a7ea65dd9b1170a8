// Containers, listings, the service's properties and account.
package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	checks "skerry/compat/lib"
)

var names = []string{"a", "a-b", "a/1", "a/2", "a/b/c", "a/b/d", "a0", "b/%41", "b/+", "b/?#&=", "b/~'(;@:", "c/Ünicode", "c/日本", "c/\U0001f9ed", "d", "d/e/f/g/h",
	"e e", "f.txt", "g<&>\"'"}

func body(text string) *nopCloser { return &nopCloser{strings.NewReader(text)} }

type nopCloser struct{ *strings.Reader }

func (nopCloser) Close() error { return nil }

func upload(h *harness, client *container.Client, name, text string) {
	checks.Must(client.NewBlockBlobClient(name).Upload(h.ctx, streaming.NopCloser(strings.NewReader(text)), nil))
}

func (h *harness) containers() {
	client := h.container("properties")
	_, err := client.Create(h.ctx, nil)
	h.refused("creating it twice", err, 409, []string{"ContainerAlreadyExists"})
	first := checks.Must(client.GetProperties(h.ctx, nil))
	checks.Must(client.SetMetadata(h.ctx, &container.SetMetadataOptions{Metadata: map[string]*string{"changed": to.Ptr("1")}}))
	second := checks.Must(client.GetProperties(h.ctx, nil))
	found := map[string]string{}
	for key, value := range second.Metadata {
		found[strings.ToLower(key)] = *value
	}
	h.Equal("metadata", found, map[string]string{"changed": "1"})
	h.Check("a new etag after Set Metadata", *first.ETag != *second.ETag, "")
	missing := h.service.NewContainerClient(containerName("missing"))
	_, err = missing.GetProperties(h.ctx, nil)
	h.refused("properties of a missing container", err, 404, []string{"ContainerNotFound"})
	_, err = missing.NewBlockBlobClient("x").Upload(h.ctx, body("x"), nil)
	h.refused("upload to a missing container", err, 404, []string{"ContainerNotFound"})
	_, err = missing.NewListBlobsFlatPager(nil).NextPage(h.ctx)
	h.refused("listing of a missing container", err, 404, []string{"ContainerNotFound"})
	upload(h, client, "inside", "data")
	checks.Must(client.Delete(h.ctx, nil))
	_, err = h.read(client.NewBlobClient("inside"), nil)
	h.refused("download after deletion", err, 404, []string{"ContainerNotFound", "ContainerBeingDeleted"})
}

func (h *harness) manyContainers() {
	prefix, want := containerName("many"), []string{}
	for n := range 12 {
		name := fmt.Sprintf("%s-%02d", prefix, n)
		want = append(want, name)
		checks.Must(h.service.CreateContainer(h.ctx, name, nil))
	}
	found, sizes, marker := []string{}, []int{}, (*string)(nil)
	for {
		options := &service.ListContainersOptions{Prefix: &prefix, MaxResults: to.Ptr(int32(5)), Marker: marker}
		page := checks.Must(h.service.NewListContainersPager(options).NextPage(h.ctx))
		sizes = append(sizes, len(page.ContainerItems))
		for _, each := range page.ContainerItems {
			found = append(found, *each.Name)
		}
		if marker = page.NextMarker; marker == nil || *marker == "" {
			break
		}
	}
	h.Equal("pages of five", sizes, []int{5, 5, 2})
	h.Equal("names in order", found, want)
	for _, name := range want {
		checks.Must(h.service.DeleteContainer(h.ctx, name, nil))
	}
	page := checks.Must(h.service.NewListContainersPager(&service.ListContainersOptions{Prefix: &prefix}).NextPage(h.ctx))
	h.Equal("none after deletion", len(page.ContainerItems), 0)
}

func (h *harness) listingByPage() {
	client := h.container("pages")
	for _, name := range names {
		upload(h, client, name, name)
	}
	found, sizes, marker := []string{}, []int{}, (*string)(nil)
	for {
		page := checks.Must(client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{MaxResults: to.Ptr(int32(7)), Marker: marker}).NextPage(h.ctx))
		sizes = append(sizes, len(page.Segment.BlobItems))
		for _, each := range page.Segment.BlobItems {
			found = append(found, *each.Name)
		}
		if marker = page.NextMarker; marker == nil || *marker == "" {
			break
		}
	}
	want := slices.Sorted(slices.Values(names))
	h.Equal("names in byte order", found, want)
	h.Equal("pages of seven", sizes, []int{7, 7, 5})
	page := checks.Must(client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: to.Ptr("b/")}).NextPage(h.ctx))
	h.Equal("prefix", len(page.Segment.BlobItems), 4)
	for _, name := range names {
		h.Equal("read back "+name, string(checks.Must(h.read(client.NewBlobClient(name), nil))), name)
	}
	checks.Must(client.NewBlockBlobClient("staged").StageBlock(h.ctx, "AAAA", body("x"), nil))
	include := container.ListBlobsInclude{UncommittedBlobs: true}
	page = checks.Must(client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: to.Ptr("staged"), Include: include}).NextPage(h.ctx))
	h.Equal("uncommitted blobs", len(page.Segment.BlobItems), 1)
}

func (h *harness) level(client *container.Client, prefix string, size int32) []string {
	found := []string{}
	pager := client.NewListBlobsHierarchyPager("/", &container.ListBlobsHierarchyOptions{Prefix: &prefix, MaxResults: &size})
	for pager.More() {
		page := checks.Must(pager.NextPage(h.ctx))
		for _, each := range page.Segment.BlobPrefixes {
			found = append(found, "P "+*each.Name)
		}
		for _, each := range page.Segment.BlobItems {
			found = append(found, "B "+*each.Name)
		}
	}
	slices.Sort(found)
	return found
}

func (h *harness) listingByHierarchy() {
	client := h.container("hierarchy")
	for _, name := range names {
		checks.Must(client.NewBlockBlobClient(name).UploadBuffer(h.ctx, []byte(name), &blockblob.UploadBufferOptions{}))
	}
	root := []string{"B a", "B a-b", "B a0", "B d", "B e e", "B f.txt", "B g<&>\"'", "P a/", "P b/", "P c/", "P d/"}
	h.Equal("the root", h.level(client, "", 5000), root)
	h.Equal("the root in pages of two", h.level(client, "", 2), root)
	h.Equal("a/", h.level(client, "a/", 5000), []string{"B a/1", "B a/2", "P a/b/"})
	h.Equal("d/", h.level(client, "d/", 5000), []string{"P d/e/"})
}

func (h *harness) serviceProperties() {
	before := checks.Must(h.service.GetProperties(h.ctx, nil))
	rule := &service.CORSRule{AllowedOrigins: to.Ptr("https://example.org"), AllowedMethods: to.Ptr("GET,PUT"), AllowedHeaders: to.Ptr("x-ms-meta-*"),
		ExposedHeaders: to.Ptr("x-ms-*"), MaxAgeInSeconds: to.Ptr(int32(300))}
	checks.Must(h.service.SetProperties(h.ctx, &service.SetPropertiesOptions{CORS: []*service.CORSRule{rule}}))
	after := checks.Must(h.service.GetProperties(h.ctx, nil))
	h.Check("CORS rules", len(after.CORS) == 1 && *after.CORS[0].AllowedOrigins == "https://example.org" && *after.CORS[0].MaxAgeInSeconds == 300, fmt.Sprint(after.CORS))
	rules := before.CORS
	if rules == nil {
		rules = []*service.CORSRule{}
	}
	checks.Must(h.service.SetProperties(h.ctx, &service.SetPropertiesOptions{CORS: rules}))
	account := checks.Must(h.service.GetAccountInfo(h.ctx, nil))
	h.Check("account information", account.AccountKind != nil && account.SKUName != nil, "")
}
