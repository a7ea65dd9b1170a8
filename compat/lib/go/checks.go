// Package checks counts the checks of the suites in Go. Counts go to the file named by COMPAT_RESULT.
package checks

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	mathrand "math/rand"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"time"
)

// MiB is a mebibyte.
const MiB = 1 << 20

// Checks are the counts of a suite. Owned by the main goroutine.
type Checks struct {
	Passed  int      `json:"passed"`
	Failed  int      `json:"failed"`
	NotRun  []string `json:"not_run"`
	Azurite bool     `json:"-"`
}

// New begins to count.
func New() Checks {
	return Checks{Azurite: os.Getenv("COMPAT_SERVER_KIND") == "azurite"}
}

// Must ends the section: what follows makes no sense without the result.
func Must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// Check counts one check. azuriteLacks says why Azurite fails what the documented service does.
func (c *Checks) Check(what string, condition bool, detail string, azuriteLacks ...string) {
	switch {
	case condition:
		c.Passed++
	case len(azuriteLacks) > 0 && c.Azurite:
		c.NotRun = append(c.NotRun, what+": "+azuriteLacks[0])
	default:
		c.Failed++
		fmt.Printf("  FAILED %s: %.500s\n", what, detail)
	}
}

// Equal compares deeply.
func (c *Checks) Equal(what string, got, want any, azuriteLacks ...string) {
	c.Check(what, reflect.DeepEqual(got, want), fmt.Sprintf("got %v, want %v", got, want), azuriteLacks...)
}

// SameBytes compares without printing the bytes.
func (c *Checks) SameBytes(what string, got, want []byte) {
	c.Check(what, bytes.Equal(got, want), fmt.Sprintf("%d bytes, want %d", len(got), len(want)))
}

// Section runs body; a panic ends this section only.
func (c *Checks) Section(title string, body func(), azuriteLacks string) {
	if azuriteLacks != "" && c.Azurite {
		c.NotRun = append(c.NotRun, title+": "+azuriteLacks)
		fmt.Printf("- %s: not run against Azurite: %s\n", title, azuriteLacks)
		return
	}
	passed, failed, start := c.Passed, c.Failed, time.Now()
	func() {
		defer func() {
			if problem := recover(); problem != nil {
				c.Failed++
				fmt.Printf("  FAILED %s: %.1000s\n", title, fmt.Sprint(problem))
			}
		}()
		body()
	}()
	fmt.Printf("- %s: %d passed, %d failed (%.1f s)\n", title, c.Passed-passed, c.Failed-failed, time.Since(start).Seconds())
}

// Name makes a name for a container or bucket that no other has.
func Name(prefix string) string {
	random := make([]byte, 6)
	_, _ = rand.Read(random)
	return fmt.Sprintf("%s-%x", prefix, random)
}

// Noise gives the same bytes for the same size and seed.
func Noise(size int, seed int64) []byte {
	data := make([]byte, size)
	_, _ = mathrand.New(mathrand.NewSource(seed*1000003 + int64(size))).Read(data)
	return data
}

// Write leaves the counts where run.py finds them.
func (c *Checks) Write() {
	if err := os.WriteFile(os.Getenv("COMPAT_RESULT"), Must(json.Marshal(c)), 0o600); err != nil {
		panic(err)
	}
}

// DialLoopback connects to loopback for every name below localhost, which not every system's resolver knows.
func DialLoopback(ctx context.Context, network, address string) (net.Conn, error) {
	if host, port, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(host, ".localhost") {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// Tree names the files below the folder in COMPAT_TREE.
func Tree() (root string, names []string) {
	root = os.Getenv("COMPAT_TREE")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			names = append(names, Must(filepath.Rel(root, path)))
		}
		return err
	})
	if err != nil {
		panic(err)
	}
	return root, names
}

// InParallel calls each for every item, eight at a time, and returns what failed.
func InParallel(items []string, each func(item string) error) (failures []string) {
	var wait sync.WaitGroup
	var lock sync.Mutex
	queue := make(chan string)
	for range 8 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for item := range queue {
				if err := each(item); err != nil {
					lock.Lock()
					failures = append(failures, item+": "+err.Error())
					lock.Unlock()
				}
			}
		}()
	}
	for _, item := range items {
		queue <- item
	}
	close(queue)
	wait.Wait()
	return failures
}

// SameFile says where two files differ; empty when they do not.
func SameFile(first, second string) string {
	one, other := Must(os.Open(first)), Must(os.Open(second))
	defer one.Close()
	defer other.Close()
	left, right := make([]byte, 4*MiB), make([]byte, 4*MiB)
	for at := 0; ; {
		n, leftErr := io.ReadFull(one, left)
		m, rightErr := io.ReadFull(other, right)
		if !bytes.Equal(left[:n], right[:m]) {
			return fmt.Sprintf("differ after byte %d", at)
		}
		if leftErr != nil || rightErr != nil {
			return ""
		}
		at += n
	}
}
