// Shared access signatures made by the SDK, stored access policies, public access, wrong credentials.
package main

import (
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	checks "skerry/compat/lib"
)

var mismatch = []string{"AuthorizationPermissionMismatch"}
var authenticationFailed = []string{"AuthenticationFailed"}

func (h *harness) blobBy(url string) *blockblob.Client {
	return checks.Must(blockblob.NewClientWithNoCredential(url, &blockblob.ClientOptions{ClientOptions: noRetries()}))
}

func (h *harness) containerBy(url string) *container.Client {
	return checks.Must(container.NewClientWithNoCredential(url, &container.ClientOptions{ClientOptions: noRetries()}))
}

func (h *harness) accountSAS() {
	client := h.container("account-sas")
	upload(h, client, "blob", "data")
	query := func(permissions sas.AccountPermissions, types sas.AccountResourceTypes, hours float64) string {
		values := sas.AccountSignatureValues{Permissions: permissions.String(), ResourceTypes: types.String(), Protocol: sas.ProtocolHTTPSandHTTP,
			ExpiryTime: time.Now().UTC().Add(time.Duration(hours * float64(time.Hour)))}
		parameters := checks.Must(values.SignWithSharedKey(h.credential))
		return "?" + parameters.Encode()
	}
	url, objects := client.NewBlobClient("blob").URL(), sas.AccountResourceTypes{Object: true}
	h.Equal("download", string(checks.Must(h.read(h.blobBy(url+query(sas.AccountPermissions{Read: true}, objects, 1)).BlobClient(), nil))), "data")
	checks.Must(h.blobBy(url+query(sas.AccountPermissions{Write: true}, objects, 1)).Upload(h.ctx, body("changed"), nil))
	h.Equal("upload", string(checks.Must(h.read(client.NewBlobClient("blob"), nil))), "changed")
	_, err := h.blobBy(url+query(sas.AccountPermissions{Read: true}, objects, 1)).Upload(h.ctx, body("x"), nil)
	h.refused("write with read permission", err, 403, mismatch)
	_, err = h.read(h.blobBy(url+query(sas.AccountPermissions{Read: true}, sas.AccountResourceTypes{Container: true}, 1)).BlobClient(), nil)
	h.refused("a blob with container type", err, 403, []string{"AuthorizationResourceTypeMismatch"})
	_, err = h.read(h.blobBy(url+query(sas.AccountPermissions{Read: true}, objects, -1)).BlobClient(), nil)
	h.refused("expired", err, 403, authenticationFailed)
	lister := checks.Must(service.NewClientWithNoCredential(h.endpoint+"/"+query(sas.AccountPermissions{List: true}, sas.AccountResourceTypes{Service: true}, 1), nil))
	checks.Must(lister.NewListContainersPager(nil).NextPage(h.ctx))
	h.Check("listing of containers", true, "")
}

func (h *harness) serviceSAS() {
	client := h.container("service-sas")
	name := "dir/a b+c%20#?&='(;@:~ü日.txt"
	upload(h, client, name, "data")
	upload(h, client, "other", "other")
	of := func(permissions sas.ContainerPermissions, hours time.Duration) *container.Client {
		return h.containerBy(checks.Must(client.GetSASURL(permissions, time.Now().Add(hours*time.Hour), &container.GetSASURLOptions{StartTime: to.Ptr(time.Now().Add(-2 * time.Hour))})))
	}
	page := checks.Must(of(sas.ContainerPermissions{List: true}, 1).NewListBlobsFlatPager(nil).NextPage(h.ctx))
	h.Equal("container: list", len(page.Segment.BlobItems), 2)
	h.Equal("container: download", string(checks.Must(h.read(of(sas.ContainerPermissions{Read: true}, 1).NewBlobClient(name), nil))), "data")
	_, err := of(sas.ContainerPermissions{Read: true}, 1).NewBlockBlobClient("x").Upload(h.ctx, body("x"), nil)
	h.refused("container: write with read permission", err, 403, mismatch)
	_, err = of(sas.ContainerPermissions{Read: true}, 1).NewListBlobsFlatPager(nil).NextPage(h.ctx)
	h.refused("container: list with read permission", err, 403, mismatch)
	_, err = h.read(of(sas.ContainerPermissions{Read: true}, -1).NewBlobClient(name), nil)
	h.refused("container: expired", err, 403, authenticationFailed)
	url := h.signed(client, name)
	h.Equal("blob: download of an awkward name", string(checks.Must(h.read(h.blobBy(url).BlobClient(), nil))), "data")
	_, err = h.blobBy(url).Upload(h.ctx, body("x"), nil)
	h.refused("blob: write with read permission", err, 403, mismatch)
	_, err = h.read(h.blobBy(client.NewBlobClient("other").URL()+url[strings.Index(url, "?"):]).BlobClient(), nil)
	h.refused("blob: another blob", err, 403, authenticationFailed)
	checks.Must(h.blobBy(checks.Must(client.NewBlobClient(name).GetSASURL(sas.BlobPermissions{Delete: true}, time.Now().Add(time.Hour), nil))).Delete(h.ctx, nil))
	_, err = h.read(client.NewBlobClient(name), nil)
	h.refused("blob: deleted by its signature", err, 404, []string{"BlobNotFound"})
}

func (h *harness) storedPolicy() {
	client := h.container("policy")
	upload(h, client, "blob", "data")
	policy := &container.SignedIdentifier{ID: to.Ptr("readers"), AccessPolicy: &container.AccessPolicy{Permission: to.Ptr("rl"),
		Start: to.Ptr(time.Now().UTC().Add(-time.Hour).Truncate(time.Second)), Expiry: to.Ptr(time.Now().UTC().Add(time.Hour).Truncate(time.Second))}}
	checks.Must(client.SetAccessPolicy(h.ctx, &container.SetAccessPolicyOptions{ContainerACL: []*container.SignedIdentifier{policy}}))
	got := checks.Must(client.GetAccessPolicy(h.ctx, nil)).SignedIdentifiers
	h.Check("the policy", len(got) == 1 && *got[0].ID == "readers" && *got[0].AccessPolicy.Permission == "rl" &&
		got[0].AccessPolicy.Expiry.Equal(*policy.AccessPolicy.Expiry), "")
	parts := checks.Must(sas.ParseURL(client.URL()))
	values := sas.BlobSignatureValues{Identifier: "readers", ContainerName: parts.ContainerName, Protocol: sas.ProtocolHTTPSandHTTP}
	parameters := checks.Must(values.SignWithSharedKey(h.credential))
	reader := h.containerBy(client.URL() + "?" + parameters.Encode())
	h.Equal("read by policy", string(checks.Must(h.read(reader.NewBlobClient("blob"), nil))), "data")
	_, err := reader.NewBlockBlobClient("x").Upload(h.ctx, body("x"), nil)
	h.refused("write by a read policy", err, 403, mismatch)
	checks.Must(client.SetAccessPolicy(h.ctx, nil))
	_, err = h.read(reader.NewBlobClient("blob"), nil)
	h.refused("the policy is gone", err, 403, authenticationFailed)
}

func (h *harness) anonymous() {
	client := h.container("public")
	upload(h, client, "blob", "data")
	open := h.containerBy(client.URL())
	_, err := h.read(open.NewBlobClient("blob"), nil)
	h.Check("private: no anonymous read", err != nil, "succeeded")
	checks.Must(client.SetAccessPolicy(h.ctx, &container.SetAccessPolicyOptions{Access: to.Ptr(container.PublicAccessTypeBlob)}))
	h.Equal("public: anonymous read", string(checks.Must(h.read(open.NewBlobClient("blob"), nil))), "data")
	_, err = open.NewListBlobsFlatPager(nil).NextPage(h.ctx)
	h.Check("public for blobs: no anonymous listing", err != nil, "succeeded")
	wrong := checks.Must(azblob.NewSharedKeyCredential(h.credential.AccountName(), strings.Repeat("A", 86)+"=="))
	stranger := checks.Must(service.NewClientWithSharedKeyCredential(h.endpoint, wrong, &service.ClientOptions{ClientOptions: noRetries()}))
	_, err = stranger.GetProperties(h.ctx, nil)
	h.refused("a wrong key", err, 403, authenticationFailed)
}
