package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"
)

const (
	ociManifest = "application/vnd.oci.image.manifest.v1+json"
	ociConfig   = "application/vnd.oci.image.config.v1+json"
	ociLayer    = "application/vnd.oci.image.layer.v1.tar"
)

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int    `json:"size"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

func tagName(number int) string { return fmt.Sprintf("tag-%06d", number) }

func digestOf(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

// random gives the same bytes for the same seed.
func random(seed uint64, size int) []byte {
	source := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24), 7})
	data := make([]byte, size)
	source.Read(data)
	return data
}

// build makes an image of a config and layers of these sizes: its blobs and its manifest.
func build(seed uint64, sizes []int) ([][]byte, []byte) {
	config := fmt.Appendf(nil, `{"architecture":"amd64","os":"linux","seed":"%d","pad":"%01900d"}`, seed, 0)
	blobs := [][]byte{config}
	document := manifest{2, ociManifest, descriptor{ociConfig, digestOf(config), len(config)}, nil}
	for number, size := range sizes {
		layer := random(seed*100+uint64(number), size)
		blobs = append(blobs, layer)
		document.Layers = append(document.Layers, descriptor{ociLayer, digestOf(layer), size})
	}
	body, _ := json.Marshal(document)
	return blobs, body
}

// images pushes `-n` images of a config and two small layers, `-c` at a time, each by its own tag.
func images(t *target, args []string) result {
	f := flags("images")
	repo := f.String("repo", "bench", "repository")
	n := f.Int("n", 1000, "how many")
	c := f.Int("c", 1, "how many at a time")
	from := f.Int("from", 1, "the first one's seed")
	check := f.Bool("check", false, "ask for each blob before it is sent, as clients do when they push again")
	f.Parse(args)
	type made struct {
		blobs [][]byte
		body  []byte
	}
	all := make([]made, *n)
	each(*n, 2, func(i int) {
		all[i].blobs, all[i].body = build(uint64(*from+i), []int{10_000, 200_000})
	})
	latencies := make([]float64, *n)
	begin := time.Now()
	each(*n, *c, func(i int) {
		start := time.Now()
		t.pushImage(*repo, tagName(i), all[i].blobs, all[i].body, *check)
		latencies[i] = float64(time.Since(start).Microseconds()) / 1000
	})
	return result{Seconds: since(begin), Items: int64(*n), P50: percentile(latencies, .5), P99: percentile(latencies, .99)}
}

func (t *target) pushImage(repo, tag string, blobs [][]byte, body []byte, check bool) {
	for _, blob := range blobs {
		if check && t.has(repo, digestOf(blob)) {
			continue
		}
		location, ok := t.done("POST", "/v2/"+repo+"/blobs/uploads/", nil, 0, nil, 202)
		if !ok {
			return
		}
		header := map[string]string{"Content-Type": "application/octet-stream"}
		if _, ok = t.done("PUT", withDigest(location, digestOf(blob)), bytes.NewReader(blob), int64(len(blob)), header, 201); !ok {
			return
		}
	}
	t.putManifest(repo, tag, body)
}

func (t *target) putManifest(repo, reference string, body []byte) bool {
	header := map[string]string{"Content-Type": ociManifest}
	_, ok := t.done("PUT", "/v2/"+repo+"/manifests/"+reference, bytes.NewReader(body), int64(len(body)), header, 201)
	return ok
}

// has asks whether a blob is there; only 200 and 404 are answers.
func (t *target) has(repo, digest string) bool {
	_, ok := t.done("HEAD", "/v2/"+repo+"/blobs/"+digest, nil, 0, nil, 200)
	return ok
}

// seed pushes one image and points `-tags` tags at it, or at images of their own with `-distinct`.
func seed(t *target, args []string) result {
	f := flags("seed")
	repo := f.String("repo", "bench", "repository")
	tags := f.Int("tags", 1, "how many tags")
	from := f.Int("from", 0, "the first tag's number")
	c := f.Int("c", 16, "how many at a time")
	sizes := f.String("sizes", "20000", "sizes of the layers")
	distinct := f.Int("distinct", 0, "a new manifest for each so many tags: a server may bound the tags of an image")
	f.Parse(args)
	blobs, body := build(1_000_000, numbers(*sizes))
	t.pushImage(*repo, tagName(*from), blobs, body, false)
	begin := time.Now()
	each(*tags-1, *c, func(i int) {
		own := body
		if *distinct > 0 {
			own = annotated(body, i / *distinct)
		}
		t.putManifest(*repo, tagName(*from+i+1), own)
	})
	fmt.Fprintln(os.Stderr, string(body))
	return result{Seconds: since(begin), Items: int64(*tags)}
}

// annotated is the same image under another digest.
func annotated(body []byte, number int) []byte {
	return fmt.Appendf(nil, `%s,"annotations":{"number":"%d"}}`, strings.TrimSuffix(string(body), "}"), number)
}

func numbers(text string) []int {
	var found []int
	for part := range strings.SplitSeq(text, ",") {
		var number int
		fmt.Sscan(part, &number)
		found = append(found, number)
	}
	return found
}
