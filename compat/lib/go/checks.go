// Package checks counts the checks of the suites in Go. Counts go to the file named by COMPAT_RESULT.
package checks

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	mathrand "math/rand"
	"os"
	"reflect"
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
