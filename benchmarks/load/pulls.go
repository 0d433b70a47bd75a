package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"
)

// pulls has `-c` clients pull one image at once, each with three layers in flight; the first one checks every digest.
func pulls(t *target, args []string) result {
	f := flags("pulls")
	repo := f.String("repo", "bench", "repository")
	tag := f.String("tag", tagName(0), "tag")
	c := f.Int("c", 32, "clients")
	f.Parse(args)
	var received atomic.Int64
	latencies := make([]float64, *c)
	begin := time.Now()
	each(*c, *c, func(client int) {
		start := time.Now()
		received.Add(t.pullImage(*repo, *tag, client == 0))
		latencies[client] = float64(time.Since(start).Microseconds()) / 1000
	})
	return result{Seconds: since(begin), Bytes: received.Load(), Items: int64(*c), P50: percentile(latencies, .5), P99: percentile(latencies, .99)}
}

func (t *target) pullImage(repo, tag string, check bool) int64 {
	response := t.call("GET", "/v2/"+repo+"/manifests/"+tag, nil, 0, map[string]string{"Accept": ociManifest}, 200)
	if response == nil {
		return 0
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	var document manifest
	if err == nil {
		err = json.Unmarshal(body, &document)
	}
	if err != nil {
		t.fail("manifest: %v", err)
		return 0
	}
	blobs := append([]descriptor{document.Config}, document.Layers...)
	var received atomic.Int64
	each(len(blobs), 3, func(i int) {
		path := "/v2/" + repo + "/blobs/" + blobs[i].Digest
		if check {
			received.Add(t.checked(path, blobs[i].Digest))
			return
		}
		received.Add(t.drain(t.call("GET", path, nil, 0, nil, 200)))
	})
	return received.Load()
}

// checked reads a blob and compares its digest.
func (t *target) checked(path, digest string) int64 {
	response := t.call("GET", path, nil, 0, nil, 200)
	if response == nil {
		return 0
	}
	defer response.Body.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, response.Body)
	if actual := fmt.Sprintf("sha256:%x", sum.Sum(nil)); err != nil || actual != digest {
		t.fail("%s: %s, %v", path, actual, err)
	}
	return n
}

// walk reads a repository's tags page by page to the end, `-times` times.
func walk(t *target, args []string) result {
	f := flags("walk")
	repo := f.String("repo", "bench", "repository")
	page := f.Int("n", 1000, "tags a page; 0: as many as the server gives at once")
	want := f.Int("want", 0, "how many tags there must be")
	f.Parse(args)
	url := "/v2/" + *repo + "/tags/list"
	if *page > 0 {
		url += fmt.Sprintf("?n=%d", *page)
	}
	r := result{}
	begin := time.Now()
	for url != "" {
		start := time.Now()
		response := t.call("GET", url, nil, 0, nil, 200)
		if response == nil {
			break
		}
		var listed struct{ Tags []string }
		if err := json.NewDecoder(response.Body).Decode(&listed); err != nil {
			t.fail("%v", err)
		}
		response.Body.Close()
		r.Items += int64(len(listed.Tags))
		r.Pages = append(r.Pages, float64(time.Since(start).Microseconds())/1000)
		url = next(response.Header.Get("Link"))
	}
	r.Seconds = since(begin)
	if *want > 0 && r.Items != int64(*want) {
		t.fail("%d tags instead of %d", r.Items, *want)
	}
	return r
}

// next is the address of a Link header, ” without one.
func next(link string) string {
	address, _, found := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	if !found {
		return ""
	}
	return address
}
