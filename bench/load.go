package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// loadResult is what became of many requests.
type loadResult struct {
	requests int
	failed   int
	first    error // of the failures
}

// load asks for a page over so many connections, each request after the answer
// to the one before, until ctx ends. Anything but a whole 200 is a failure.
func load(ctx context.Context, page visit, connections int) loadResult {
	var group sync.WaitGroup
	results := make([]loadResult, connections)
	for i := range connections {
		group.Go(func() { results[i] = loadOne(ctx, page) })
	}
	group.Wait()
	var total loadResult
	for _, r := range results {
		total.requests += r.requests
		total.failed += r.failed
		if total.first == nil {
			total.first = r.first
		}
	}
	return total
}

func loadOne(ctx context.Context, page visit) loadResult {
	var done loadResult
	c := &connection{page: page}
	defer c.close()
	for ctx.Err() == nil {
		done.requests++
		if err := c.ask(); err != nil {
			done.failed++
			if done.first == nil {
				done.first = err
			}
			c.close()
		}
	}
	return done
}

// connection sends requests with as little effort as possible: the generator of
// the load shares the machine with what is measured.
type connection struct {
	page   visit
	conn   net.Conn
	reader *bufio.Reader
}

func (c *connection) ask() error {
	if c.conn == nil {
		conn, err := net.Dial("tcp", c.page.address)
		if err != nil {
			return err
		}
		c.conn, c.reader = conn, bufio.NewReader(conn)
	}
	_, port, _ := net.SplitHostPort(c.page.address)
	if _, err := fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: %s:%s\r\n\r\n", c.page.path, c.page.host, port); err != nil {
		return err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	if response.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(response.Status))
	}
	if response.Close {
		c.close()
	}
	return err
}

func (c *connection) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}
