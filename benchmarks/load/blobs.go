package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"time"
)

// pull reads one blob `-n` times, `-c` at a time, whole or as ranges of `-part` bytes.
func pull(t *target, args []string) result {
	f := flags("pull")
	path := f.String("path", "", "path of the blob")
	n := f.Int("n", 1, "how many times")
	c := f.Int("c", 1, "how many at a time")
	part := f.Int64("part", 0, "read ranges of so many bytes, -n of them, one after the other")
	f.Parse(args)
	begin := time.Now()
	sizes := make([]int64, *n)
	each(*n, *c, func(i int) {
		if *part > 0 {
			header := map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", int64(i)**part, int64(i+1)**part-1)}
			sizes[i] = t.drain(t.call("GET", *path, nil, 0, header, 206))
			return
		}
		sizes[i] = t.drain(t.call("GET", *path, nil, 0, nil, 200))
	})
	r := result{Seconds: since(begin)}
	for _, size := range sizes {
		r.Bytes += size
	}
	return r
}

// push sends one blob of fresh random bytes by POST, PATCH and PUT; only these three are timed.
func push(t *target, args []string) result {
	f := flags("push")
	repo := f.String("repo", "bench", "repository")
	size := f.Int64("size", 1<<30, "bytes")
	chunked := f.Bool("chunked", false, "without Content-Length")
	f.Parse(args)
	unit := make([]byte, 8<<20)
	rand.Read(unit)
	nonce := make([]byte, 64)
	rand.Read(nonce)
	whole := func() io.Reader {
		return io.LimitReader(io.MultiReader(bytes.NewReader(nonce), &repeated{unit: unit}), *size)
	}
	sum := sha256.New()
	io.CopyBuffer(sum, whole(), make([]byte, 1<<20))
	digest := fmt.Sprintf("sha256:%x", sum.Sum(nil))
	announced := *size
	if *chunked {
		announced = -1
	}
	begin := time.Now()
	if location, ok := t.done("POST", "/v2/"+*repo+"/blobs/uploads/", nil, 0, nil, 202); ok {
		header := map[string]string{"Content-Type": "application/octet-stream"}
		if location, ok = t.done("PATCH", location, whole(), announced, header, 202); ok {
			t.done("PUT", withDigest(location, digest), nil, 0, nil, 201)
		}
	}
	return result{Seconds: since(begin), Bytes: *size, Items: 1, Digest: digest}
}

func withDigest(location, digest string) string {
	if strings.Contains(location, "?") {
		return location + "&digest=" + digest
	}
	return location + "?digest=" + digest
}

// repeated gives the same random bytes again and again.
type repeated struct {
	unit []byte
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.unit[r.at:])
	r.at = (r.at + n) % len(r.unit)
	return n, nil
}
