package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/aloft-dev/aloft/internal/api"
)

var update = flag.Bool("update", false, "write docs/openapi.yaml anew")

const description = "../../docs/openapi.yaml"

func TestDescriptionIsUpToDate(t *testing.T) {
	t.Parallel()
	if *update {
		if err := os.WriteFile(description, api.OpenAPI(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(description)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, api.OpenAPI()) {
		t.Error("docs/openapi.yaml is old: go test ./internal/api -run TestDescriptionIsUpToDate -update")
	}
}

func TestDescriptionIsServed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for path, decode := range map[string]func([]byte, any) error{
		"/openapi.json": json.Unmarshal,
		"/openapi.yaml": func(data []byte, v any) error { return yaml.Unmarshal(data, v) },
	} {
		request, _ := http.NewRequest("GET", h.url+api.Base+path, nil)
		var document struct {
			OpenAPI string `json:"openapi" yaml:"openapi"`
			Paths   map[string]any
		}
		if err := decode([]byte(text(t, do(t, request).Body)), &document); err != nil {
			t.Fatal(err)
		}
		if document.OpenAPI != "3.1.0" || len(document.Paths) < 20 {
			t.Errorf("%s: version %s, %d paths", path, document.OpenAPI, len(document.Paths))
		}
	}
}
