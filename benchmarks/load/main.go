// Load generators for registries: each subcommand runs one workload against one server and prints one JSON line.
//
// They measure the client's side (wall time, counts, latencies); the server's own CPU time is read by the harness.
package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// result is what a subcommand reports; zero fields are left out.
type result struct {
	Seconds  float64   `json:"seconds"`
	Bytes    int64     `json:"bytes,omitempty"`
	Requests int64     `json:"requests,omitempty"`
	Items    int64     `json:"items,omitempty"`
	Failures int64     `json:"failures"`
	P50      float64   `json:"p50_ms,omitempty"`
	P99      float64   `json:"p99_ms,omitempty"`
	Pages    []float64 `json:"pages_ms,omitempty"`
	First    string    `json:"first_failure,omitempty"`
	Digest   string    `json:"digest,omitempty"`
}

// target is the server under load and how to speak to it.
type target struct {
	base, auth string
	client     *http.Client
	failures   atomic.Int64
	requests   atomic.Int64
	once       sync.Once
	first      string
}

var commands = map[string]func(*target, []string) result{
	"images": images,
	"pull":   pull,
	"pulls":  pulls,
	"push":   push,
	"seed":   seed,
	"storm":  storm,
	"walk":   walk,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: load images|pull|pulls|push|seed|storm|walk BASE [flags]; LOAD_AUTHORIZATION is the header")
		os.Exit(2)
	}
	t := &target{base: strings.TrimSuffix(os.Args[2], "/"), auth: os.Getenv("LOAD_AUTHORIZATION")}
	t.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}},
		MaxIdleConns:        1024,
		MaxIdleConnsPerHost: 1024,
		ReadBufferSize:      256 << 10,
		WriteBufferSize:     64 << 10,
		DisableCompression:  true,
	}}
	r := commands[os.Args[1]](t, os.Args[3:])
	r.Failures, r.First = t.failures.Load(), t.first
	if r.Requests == 0 {
		r.Requests = t.requests.Load()
	}
	json.NewEncoder(os.Stdout).Encode(r)
	if r.Failures > 0 {
		os.Exit(1)
	}
}

func flags(name string) *flag.FlagSet { return flag.NewFlagSet(name, flag.ExitOnError) }

func (t *target) fail(format string, args ...any) {
	t.failures.Add(1)
	t.once.Do(func() { t.first = fmt.Sprintf(format, args...) })
}

// call sends one request; any status but `want` is a failure and gives nil. The caller closes the body.
func (t *target) call(method, url string, body io.Reader, size int64, header map[string]string, want int) *http.Response {
	if !strings.Contains(url, "://") {
		url = t.base + url
	}
	request, err := http.NewRequest(method, url, body)
	if err != nil {
		t.fail("%v", err)
		return nil
	}
	if body != nil {
		request.ContentLength = size
	}
	if t.auth != "" {
		request.Header.Set("Authorization", t.auth)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	t.requests.Add(1)
	response, err := t.client.Do(request)
	if err != nil {
		t.fail("%s %s: %v", method, url, err)
		return nil
	}
	if response.StatusCode != want {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		response.Body.Close()
		t.fail("%s %s: %s %s", method, url, response.Status, bytes.TrimSpace(text))
		return nil
	}
	return response
}

// done sends a request whose answer has no interesting body, and gives its Location.
func (t *target) done(method, url string, body io.Reader, size int64, header map[string]string, want int) (string, bool) {
	response := t.call(method, url, body, size, header, want)
	if response == nil {
		return "", false
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
	return response.Header.Get("Location"), true
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// drain reads a body to its end; a body of another length than announced is a failure.
func (t *target) drain(response *http.Response) int64 {
	if response == nil {
		return 0
	}
	defer response.Body.Close()
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	var total int64
	for {
		n, err := response.Body.Read(*buffer)
		total += int64(n)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.fail("read: %v", err)
			break
		}
	}
	if response.ContentLength >= 0 && total != response.ContentLength {
		t.fail("%d bytes instead of %d", total, response.ContentLength)
	}
	return total
}

// each runs `work` for 0..n-1 with `c` at a time.
func each(n, c int, work func(int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range c {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				work(i)
			}
		}()
	}
	group.Wait()
}

// percentile of unsorted milliseconds.
func percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sort.Float64s(values)
	return values[min(len(values)-1, int(p*float64(len(values))))]
}

func since(begin time.Time) float64 { return time.Since(begin).Seconds() }

// dial opens one raw connection, for the storm, which writes and parses by itself.
func (t *target) dial() (net.Conn, error) {
	scheme, address, _ := strings.Cut(t.base, "://")
	if scheme == "https" {
		return tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	}
	return net.Dial("tcp", address)
}

func (t *target) host() string {
	_, address, _ := strings.Cut(t.base, "://")
	return address
}

func (t *target) authorization() string {
	if t.auth == "" {
		return ""
	}
	return "Authorization: " + t.auth + "\r\n"
}
