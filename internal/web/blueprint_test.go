package web_test

import (
	"context"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/web"
)

// sketchOfShop is a sketch with something of everything.
func sketchOfShop() web.Sketch {
	return web.Sketch{
		Name: "shop", At: 1, Was: "was:runtime=go", UsualNetwork: "public",
		Apps: []web.SketchedApp{{Name: "api", Text: `api:"start=a,b"`}, {Name: "web", Text: "web"}},
		Inputs: []web.Input{
			{Name: "name", Parameter: "name", Value: "shop"}, {Name: web.AppName, Parameter: "app-name", Value: "web"}, {Name: "path", Parameter: "path", Value: "."},
			{Name: "port", Parameter: "port", Reason: "an archive has none"}, {Name: "health", Parameter: "health", Value: `/up"`},
			{Name: "start", Parameter: "start", Value: "a", Reason: "not told, as it is filled in"}, {Name: "build", Parameter: "build"},
		},
		Changed: []web.Problem{{Field: "packaging", Value: "archive", Rule: "does not go with an image"}},
		Notices: []string{"West India has no zones."}, Command: "aloft init --name shop --start 'a <b>'", Query: "app=api&runtime=go",
		Fields: []web.Field{
			{Name: "target", Parameter: "target", Value: "azure", Options: []web.Option{{Value: "azure", Title: "Azure"}, {Value: "local", Title: "Local"}}},
			{Name: "network", Parameter: "network", Value: "public", Options: []web.Option{{Value: "public", Title: "Public"}}},
			{Name: "hosting", Parameter: "hosting", Value: "web-app", Options: []web.Option{
				{Value: "web-app", Title: "Web app", Detail: "Always there.", Reason: "is chosen, and does not go"}, {Value: "function", Title: "Function", Reason: "has no worker"}}},
			{Name: "tier", Parameter: "tier", Value: "basic", Options: []web.Option{{Value: "basic", Title: "Basic", Cost: "low"}}},
			{Name: "runtime", Parameter: "runtime", Value: "go", Options: []web.Option{{Value: "go", Title: "Go"}, {Value: "php", Title: "PHP", Reason: "no worker for PHP"}}},
			{Name: "region", Parameter: "region", Value: "mars", Options: []web.Option{{Value: "westeurope", Title: "West Europe"}}},
			{Name: "addOns.redis", Parameter: "add-on", Detail: "Keeps things.", Options: []web.Option{{Value: "redis=basic", Title: "Basic", Cost: "low", Reason: "leaves it open"}}},
		},
		Files: []web.SketchedFile{
			{Path: ".github/workflows/aloft.yml", Text: "on: # when\n  push: {branches: ['env-*']}\nn: 7\n"},
			{Path: "aloft.yaml", Text: "a: |\n  b <c>\n\n# end\n"},
			{Path: "terraform/README.md", Text: "# <shop>\n"},
			{Path: "terraform/main.tf", Text: "# what\nmodule \"web\" {\n  name = \"a-${var.x}\"\n  n    = 3 # ü\n  on   = true\n}\n"},
			{Path: "terraform/modules/web/main.tf", Text: "resource \"a\" \"b\" {}\n"},
		},
	}
}

func (w *world) Sketch(_ context.Context, form url.Values) (web.Sketch, error) {
	w.form = form
	return w.sketch, w.broken
}

func TestNewPage(t *testing.T) {
	t.Parallel()
	w := emptyWorld()
	w.sketch = sketchOfShop()
	w.loggedIn = false // it is open to everybody
	response, page := w.get(t, "/new?name=shop&file=aloft.yaml&add-on=")
	if response.StatusCode != 200 || w.form.Has("file") || w.form.Get("name") != "shop" {
		t.Errorf("%d, the form was %v", response.StatusCode, w.form)
	}
	contains(t, page,
		`<input type="radio" id="f-target-azure" name="target" value="azure" checked>`,
		`id="f-hosting-web-app" name="hosting" value="web-app" checked aria-describedby="f-hosting-web-app-about">`, // else it would not be sent
		`id="f-hosting-function" name="hosting" value="function" disabled aria-describedby="f-hosting-function-about">`,
		`<span class="why" id="f-hosting-function-about">Has no worker</span>`, `<span class="cost">low</span>`,
		`<option value="php" disabled>PHP (No worker for PHP)</option>`,
		`<select id="f-addOns-redis" name="add-on" aria-describedby="f-addOns-redis-reason f-addOns-redis-about"> <option value="" selected>None</option>`,
		`<option value="redis=basic" disabled>Basic · low</option>`, `id="f-addOns-redis-reason">Leaves it open</p>`, `id="f-addOns-redis-about">Keeps things.</p>`,
		`<option value="mars" selected>mars (not known)</option>`,
		`name="port" value="" inputmode="numeric" placeholder="told by the host" disabled`, `aria-describedby="f-port-reason">`, `id="f-port-reason">An archive has none</p>`,
		`<input id="f-start" name="start" value="a" placeholder`, `<details id="more" open>`,
		`No longer chosen: Packaging “archive” does not go with an image.`,
		`href="/new?app=api&amp;at=1&amp;file=aloft.yaml&amp;name=shop&amp;runtime=go">Link to these choices</a>`,
		`<input type="hidden" name="app" value="api:&#34;start=a,b&#34;">`, `<input type="hidden" name="at" value="1">`,
		`<input type="hidden" name="was" value="was:runtime=go">`, `<input type="hidden" name="usual-network" value="public">`, `value="edit-0">api</button>`, `value="edit-1" aria-current="true">web</button>`,
		`value="/up&#34;"`, `<a class="button main" href="/generate/shop.zip?app=api&amp;runtime=go" download>`,
		`<code>aloft init --name shop --start &#39;a &lt;b&gt;&#39;</code>`,
		`curl -fsS &#39;http://localhost:8090/generate/shop.tgz?app=api&amp;runtime=go&#39; | tar -xz`, `West India has no zones.`,
		`<details id="tree-terraform" open>`, `<details id="tree-terraform/modules"><summary>`,
		`data-file="aloft.yaml" aria-current="true">aloft.yaml</a>`, `<h3 id="preview">aloft.yaml</h3>`)
	lacks(t, page, "Log out", "aloft.js", "style=", "onclick", `value="api"`, "is not right yet")
	if n := strings.Count(page, `name="app"`); n != 1 {
		t.Errorf("%d apps are handed on, want the one that is not edited", n)
	}
}

// A network that somebody has chosen is in the link, be it the usual one.
func TestTheLinkKeepsAChosenNetwork(t *testing.T) {
	t.Parallel()
	w := emptyWorld()
	w.sketch = sketchOfShop()
	w.sketch.UsualNetwork = ""
	_, page := w.get(t, "/new")
	contains(t, page, `href="/new?app=api&amp;at=1&amp;name=shop&amp;network=public&amp;runtime=go">Link`)
	lacks(t, page, "usual-network")
}

func TestNewPageWithoutFiles(t *testing.T) {
	t.Parallel()
	w := emptyWorld()
	w.sketch = sketchOfShop()
	w.sketch.Files, w.sketch.Problems = nil, []web.Problem{
		{Field: "name", Value: "<Shop>", Rule: "is no name"}, {Field: "hosting", Value: "moon", Rule: "is not known", Allowed: []string{"web-app", "function"}},
		{Field: "health", App: "api", Value: strings.Repeat("ä", 300), Rule: "is no path"}, {Field: "nonsense", Value: "1", Rule: "is no parameter", Allowed: make([]string, 9)},
	}
	_, page := w.get(t, "/new?file=aloft.yaml")
	contains(t, page, `<p class="message"><a href="#f-name">Name</a>: “&lt;Shop&gt;” is no name</p>`, "There are no files until that is right.", "Log out", `<a class="bad" href="#f-name">Name is not right yet</a>`,
		`autocapitalize="off" aria-describedby="f-name-problem" aria-invalid="true">`, `<p class="wrong" id="f-name-problem">“&lt;Shop&gt;” is no name.</p>`,
		`<a href="#f-hosting">Hosting</a>: “moon” is not known; one of web-app, function</p>`,
		`<p class="message">Health path of api: “`+strings.Repeat("ä", 60)+`…” is no path</p>`, `<p class="message">nonsense: “1” is no parameter</p>`,
		`<input type="hidden" name="file" value="aloft.yaml">`) // which is shown again once there are files
	lacks(t, page, "/generate/", "curl", `class="tree"`, "Link to these", `id="f-health-problem"`)

	w.broken = aloft.Errorf(aloft.CodeInternal, "the secret reason")
	response, page := w.get(t, "/new")
	if response.StatusCode != 500 {
		t.Errorf("%d", response.StatusCode)
	}
	lacks(t, page, "secret")
}

var (
	source = regexp.MustCompile(`(?s)<pre class="source".*?<code>(.*?)</code></pre>`)
	tag    = regexp.MustCompile(`<[^>]*>`)
)

// TestSyntaxHasColours: every file is shown as it is, and what its parts are.
func TestSyntaxHasColours(t *testing.T) {
	t.Parallel()
	w := emptyWorld()
	w.sketch = sketchOfShop()
	wanted := map[string][]string{
		"terraform/main.tf": {`<span class="s-comment"># what`, `<span class="s-block">module</span> <span class="s-string">&#34;web&#34;</span>`,
			`<span class="s-name">name</span>`, `<span class="s-string">&#34;a-</span>${var.x}`, `<span class="s-constant">3</span>`, `<span class="s-constant">true</span>`},
		".github/workflows/aloft.yml": {`<span class="s-comment"># when`, `<span class="s-name">`, `<span class="s-constant">7`},
		"terraform/README.md":         {"# &lt;shop&gt;"},
	}
	for _, file := range w.sketch.Files {
		_, page := w.get(t, "/new?file="+url.QueryEscape(file.Path))
		match := source.FindStringSubmatch(page)
		if match == nil {
			t.Fatalf("%s is not shown", file.Path)
		}
		if got := html.UnescapeString(tag.ReplaceAllString(match[1], "")); got != file.Text {
			t.Errorf("%s is shown as %q, want %q", file.Path, got, file.Text)
		}
		contains(t, match[1], wanted[file.Path]...)
	}
}

func TestReferencePage(t *testing.T) {
	t.Parallel()
	w := emptyWorld()
	_, page := w.get(t, "/reference")
	contains(t, page, `<a href="/api/v1/openapi.json">OpenAPI 3.1</a>`, "/assets/reference.")
	lacks(t, page, "logged in")
	w.loggedIn = false
	response, page := w.get(t, "/reference")
	if response.StatusCode != 200 {
		t.Errorf("%d", response.StatusCode)
	}
	contains(t, page, "need you to be")
}
