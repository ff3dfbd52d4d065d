package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"time"
)

// visit asks an address for a page of a host, which need not resolve.
type visit struct {
	address string
	host    string
	path    string
	want    string // text of the page that is waited for
}

// glance is the pause between two looks.
const glance = 5 * time.Millisecond

var visitor = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}

// get returns the page and its status.
func (v visit) get(ctx context.Context) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+v.address+v.path, nil)
	if err != nil {
		return 0, "", err
	}
	_, port, _ := net.SplitHostPort(v.address)
	request.Host = net.JoinHostPort(v.host, port)
	response, err := visitor.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	return response.StatusCode, string(data), err
}

// answers reports whether the page is there.
func (v visit) answers(ctx context.Context) bool {
	status, body, err := v.get(ctx)
	return err == nil && status == http.StatusOK && strings.Contains(body, v.want)
}

// await returns when the page is there.
func (v visit) await(ctx context.Context) error {
	for !v.answers(ctx) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("http://%s (%s) does not answer with %q: %w", v.host, v.address, v.want, context.Cause(ctx))
		case <-time.After(glance):
		}
	}
	return nil
}

// untilAnswer starts a command and returns after how many seconds the page was
// there. It waits for the command as well, which must succeed.
func untilAnswer(ctx context.Context, command *exec.Cmd, page visit) (float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan error, 1)
	began := time.Now()
	go func() {
		_, err := finish(command)
		if err != nil {
			cancel(err)
		}
		done <- err
	}()
	visited := page.await(ctx)
	took := since(began)
	return took, errors.Join(visited, <-done)
}
