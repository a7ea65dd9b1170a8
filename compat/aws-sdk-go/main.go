// The suite of the AWS SDK for Go, built and run by run.py.
package main

import "os"

func main() {
	h := newHarness()
	defer h.finish()
	h.Section("buckets", h.buckets, "")
	h.Section("listings", h.listings, "")
	h.Section("bodies and properties", h.bodies, "")
	h.Section("checksums", h.checksums, "")
	h.Section("conditions", h.conditions, "")
	h.Section("copies", h.copies, "")
	h.Section("presigned requests", h.presigned, "")
	h.Section("versions", h.versions, "")
	if os.Getenv("COMPAT_VIRTUAL_ENDPOINT") != "" {
		h.Section("buckets as hosts", h.bucketsAsHosts, "")
	}
	h.Section("streams", h.streams, "")
	h.Section("tree up and down", h.tree, "")
	h.Section("large file", h.large, "")
	h.Section("connection cuts", h.cuts, "")
}
