// The suite of the Go SDK, built and run by run.py.
package main

const fromURL = "it does not implement Put Blob From URL and Put Block From URL"

func main() {
	h := newHarness()
	defer h.finish()
	h.Section("containers", h.containers, "")
	h.Section("twelve containers, listed by page", h.manyContainers, "")
	h.Section("listing by page", h.listingByPage, "")
	h.Section("listing by hierarchy", h.listingByHierarchy, "")
	h.Section("service properties and account", h.serviceProperties, "")
	h.Section("uploads", h.uploads, "")
	h.Section("ranges", h.ranges, "")
	h.Section("conditions", h.conditions, "")
	h.Section("metadata and properties", h.metadata, "")
	h.Section("blocks", h.blocks, "")
	h.Section("copies", h.copies, "")
	h.Section("copies into blocks and blobs from URL", h.fromURL, fromURL)
	h.Section("deletion", h.deletion, "")
	h.Section("account SAS", h.accountSAS, "")
	h.Section("container and blob SAS", h.serviceSAS, "")
	h.Section("stored access policy", h.storedPolicy, "")
	h.Section("public access and wrong credentials", h.anonymous, "")
	h.Section("connection cut in mid-upload", h.cutUpload, "")
	h.Section("connection cut in mid-download", h.cutDownload, "")
}
