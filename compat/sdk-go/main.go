// The suite of the Go SDK, built and run by run.py.
package main

const fromURL = "it does not implement Put Blob From URL and Put Block From URL"

func main() {
	h := newHarness()
	defer h.finish()
	h.section("containers", h.containers, "")
	h.section("twelve containers, listed by page", h.manyContainers, "")
	h.section("listing by page", h.listingByPage, "")
	h.section("listing by hierarchy", h.listingByHierarchy, "")
	h.section("service properties and account", h.serviceProperties, "")
	h.section("uploads", h.uploads, "")
	h.section("ranges", h.ranges, "")
	h.section("conditions", h.conditions, "")
	h.section("metadata and properties", h.metadata, "")
	h.section("blocks", h.blocks, "")
	h.section("copies", h.copies, "")
	h.section("copies into blocks and blobs from URL", h.fromURL, fromURL)
	h.section("deletion", h.deletion, "")
	h.section("account SAS", h.accountSAS, "")
	h.section("container and blob SAS", h.serviceSAS, "")
	h.section("stored access policy", h.storedPolicy, "")
	h.section("public access and wrong credentials", h.anonymous, "")
	h.section("connection cut in mid-upload", h.cutUpload, "")
	h.section("connection cut in mid-download", h.cutDownload, "")
}
