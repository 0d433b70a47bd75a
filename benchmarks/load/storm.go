package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// storm asks for manifests of one repository over keep-alive connections, for a time; tags are drawn by Zipf's law.
//
// Answers are parsed no further than needed: the generator must cost less than any server.
func storm(t *target, args []string) result {
	f := flags("storm")
	repo := f.String("repo", "bench", "repository")
	tags := f.Int("tags", 1, "how many tags there are (tag-000000 …)")
	accept := f.String("accept", ociManifest, "Accept header")
	head := f.Bool("head", false, "HEAD instead of GET")
	c := f.Int("c", 64, "connections")
	seconds := f.Float64("seconds", 5, "how long")
	f.Parse(args)
	method := "GET"
	if *head {
		method = "HEAD"
	}
	begin := time.Now()
	deadline := begin.Add(time.Duration(*seconds * float64(time.Second)))
	latencies := make([][]float64, *c)
	var group sync.WaitGroup
	for i := range *c {
		group.Add(1)
		go func() {
			defer group.Done()
			draw := drawTags(*tags, uint64(i))
			latencies[i] = t.hammer(deadline, *head, func() []byte {
				path := fmt.Sprintf("/v2/%s/manifests/%s", *repo, tagName(draw()))
				return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n%sAccept: %s\r\n\r\n", method, path, t.host(), t.authorization(), *accept)
			})
		}()
	}
	group.Wait()
	var all []float64
	for _, own := range latencies {
		all = append(all, own...)
	}
	return result{Seconds: since(begin), Requests: int64(len(all)), P50: percentile(all, .5), P99: percentile(all, .99)}
}

// drawTags gives tag numbers by Zipf's law with an exponent near one, the newest first.
func drawTags(tags int, seed uint64) func() int {
	if tags == 1 {
		return func() int { return 0 }
	}
	zipf := rand.NewZipf(rand.New(rand.NewPCG(seed, 1)), 1.0001, 1, uint64(tags-1))
	return func() int { return int(zipf.Uint64()) }
}

// hammer sends one request after the other on one connection; the latencies in milliseconds.
func (t *target) hammer(deadline time.Time, head bool, request func() []byte) []float64 {
	connection, err := t.dial()
	if err != nil {
		t.fail("%v", err)
		return nil
	}
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 64<<10)
	latencies := make([]float64, 0, 1<<16)
	for {
		sent := time.Now()
		if sent.After(deadline) {
			return latencies
		}
		if _, err := connection.Write(request()); err != nil {
			t.fail("write: %v", err)
			return latencies
		}
		if err := skipAnswer(reader, head); err != nil {
			t.fail("%v", err)
			return latencies
		}
		latencies = append(latencies, float64(time.Since(sent).Microseconds())/1000)
	}
}

// skipAnswer reads one answer with status 200 and a Content-Length, and throws it away.
func skipAnswer(reader *bufio.Reader, head bool) error {
	status, err := reader.ReadSlice('\n')
	if err != nil {
		return err
	}
	if len(status) < 12 || !bytes.Equal(status[9:12], []byte("200")) {
		return fmt.Errorf("answered %q", status)
	}
	length := -1
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length <= 0 {
		return fmt.Errorf("an answer without Content-Length")
	}
	if head {
		return nil
	}
	_, err = io.CopyN(io.Discard, reader, int64(length))
	return err
}
