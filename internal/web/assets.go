package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets templates
var files embed.FS

// assets is the style, the script and the pictures, each under a name that
// holds the digest of its content, so that browsers may keep it for ever.
type assets struct {
	names   map[string]string // file name to name with digest
	content map[string][]byte // name with digest to content
}

func loadAssets() *assets {
	a := &assets{names: map[string]string{}, content: map[string][]byte{}}
	list, _ := fs.ReadDir(files, "assets")
	for _, entry := range list {
		data, _ := files.ReadFile("assets/" + entry.Name())
		digest := sha256.Sum256(data)
		extension := path.Ext(entry.Name())
		name := strings.TrimSuffix(entry.Name(), extension) + "." + hex.EncodeToString(digest[:6]) + extension
		a.names[entry.Name()], a.content[name] = name, data
	}
	return a
}

// url returns the path of an asset on the server.
func (a *assets) url(name string) string { return "/assets/" + a.names[name] }

// ServeHTTP answers with an asset.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	data, ok := a.content[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("ETag", `"`+name+`"`)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
}

// loadTemplates parses each page together with the layout and the parts.
func loadTemplates(a *assets) map[string]*template.Template {
	functions := template.FuncMap{"asset": a.url, "short": short, "tone": tone, "processTone": processTone, "bytes": size, "body": body}
	common := template.Must(template.New("").Funcs(functions).ParseFS(files, "templates/layout.html", "templates/parts.html"))
	templates := map[string]*template.Template{}
	for _, name := range []string{"home", "new", "reference", "run", "environment", "login", "failure"} {
		own := template.Must(common.Clone())
		templates[name] = template.Must(own.ParseFS(files, "templates/"+name+".html"))
	}
	return templates
}

// body returns a JSON object of pairs of names and values.
func body(pairs ...any) (string, error) {
	object := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		object[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	text, err := json.Marshal(object)
	return string(text), err
}
