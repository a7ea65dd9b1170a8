// The suite of minio-go, built and run by run.py.
package main

import "os"

func main() {
	h := newHarness()
	defer h.finish()
	h.Section("buckets", h.buckets, "")
	h.Section("objects", h.objects, "")
	h.Section("streams of unknown size", h.streams, "")
	h.Section("copies and composed objects", h.copies, "")
	h.Section("listings and removal", h.listings, "")
	h.Section("presigned URLs", h.presigned, "")
	h.Section("versions", h.versions, "")
	if os.Getenv("COMPAT_VIRTUAL_ENDPOINT") != "" {
		h.Section("buckets as hosts", h.bucketsAsHosts, "")
	}
	h.Section("tree up and down", h.tree, "")
	h.Section("large file", h.large, "")
	h.Section("connection cuts", h.cuts, "")
}
