package server

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestPatient: a request whose body stalls is given up, one that is answered for
// long is not.
func TestPatient(t *testing.T) {
	t.Parallel()
	const limit = time.Second
	read := make(chan error, 1)
	ended := make(chan struct{})
	server := httptest.NewServer(patient(limit, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		read <- err
		if err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			t.Error("the answer was cut off")
		case <-ended:
		}
		_, _ = io.WriteString(w, "the end")
	})))
	defer server.Close()
	send := func(length int) net.Conn {
		connection, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\nbody", length)
		return connection
	}
	stalled := send(400)
	defer func() { _ = stalled.Close() }()
	if err := <-read; err == nil {
		t.Error("a body that stalls was read to its end")
	}
	whole := send(4)
	defer func() { _ = whole.Close() }()
	if err := <-read; err != nil {
		t.Errorf("a whole body: %v", err)
	}
	time.AfterFunc(2*limit, func() { close(ended) })
	response, err := http.ReadResponse(bufio.NewReader(whole), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil || string(text) != "the end" {
		t.Errorf("%q, %v", text, err)
	}
	_ = response.Body.Close()
}

// TestHeadsAreLimited: a head of a request that is too large is refused.
func TestHeadsAreLimited(t *testing.T) {
	t.Parallel()
	s := &Server{logger: slog.New(slog.DiscardHandler)}
	limited := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	limited.Config.MaxHeaderBytes = s.newHTTP(t.Context()).MaxHeaderBytes
	limited.Start()
	defer limited.Close()
	for size, want := range map[int]int{headerBytes / 2: http.StatusOK, 2 * headerBytes: http.StatusRequestHeaderFieldsTooLarge} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, limited.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", strings.Repeat("x", size))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("a head of %d bytes is answered %d", size, response.StatusCode)
		}
	}
}
