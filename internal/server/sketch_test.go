package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/blueprint"
)

// TestEveryChoiceIsOnThePage: whatever is a flag can be filled in or chosen, be it
// of an only app or of one of several.
func TestEveryChoiceIsOnThePage(t *testing.T) {
	t.Parallel()
	site := generatorSite(t)
	for _, query := range []string{"runtime=spring-boot&database=postgresql&network=private", "database=mysql&network=private&at=1&app=a:runtime%3Dgo&app=b:runtime%3Djava&app=c"} {
		response, err := http.Get(site + "/new?" + query)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, parameter := range blueprint.Parameters() {
			if parameter == "app" { // which is how the others are handed on
				continue
			}
			if !regexp.MustCompile(`<(input|select) [^>]*name="` + parameter + `"`).Match(page) {
				t.Errorf("%s: the page has no %s", query, parameter)
			}
		}
		if n := strings.Count(string(page), `type="hidden" name="app"`); n != strings.Count(query, "app=")-min(1, strings.Count(query, "app=")) {
			t.Errorf("%s: %d other apps are handed on", query, n)
		}
	}
}

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
