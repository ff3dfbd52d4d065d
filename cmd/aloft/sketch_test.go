package main

import (
	"context"
	"errors"
	"net/url"
	"runtime"
	"testing"

	"github.com/aloft-dev/aloft/internal/api"
)

// The page /new waits for a processor with those who ask for archives, and is
// not made for somebody who has left.
func TestThePageTakesATurn(t *testing.T) {
	t.Parallel()
	server := api.New(api.Options{})
	page := sketcher{generator{}, server.Turn}
	var end func()
	for range runtime.GOMAXPROCS(0) {
		var err error
		if end, err = server.Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if sketch, err := page.Sketch(gone, url.Values{"name": {"shop"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("sketched %q for nobody, %v", sketch.Name, err)
	}
	end()
	for range 2 * runtime.GOMAXPROCS(0) { // each gives its turn back
		sketch, err := page.Sketch(t.Context(), url.Values{"name": {"shop"}})
		if err != nil || sketch.Name != "shop" || len(sketch.Files) == 0 {
			t.Fatalf("%q with %d files, %v", sketch.Name, len(sketch.Files), err)
		}
	}
}
