package web

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Blueprints is the generator as the page /new shows it.
type Blueprints interface {
	// Sketch tells what a form chooses, and what else it could. Wrong choices are
	// no error: the sketch has no files then.
	Sketch(ctx context.Context, form url.Values) (Sketch, error)
}

// Sketch is choices on their way, and the files that they give.
type Sketch struct {
	Name     string
	Fields   []Field // those with options: of the project and of the app that is edited
	App      SketchedApp
	Was      string        // what the next form tells of the edited app as it was
	At       int           // place of the edited app among all
	Apps     []SketchedApp // all of them
	Changed  []string      // what was chosen anew because it no longer went, for people
	Problems []string      // what is wrong, for people
	Notices  []string      // what complete choices do not give
	Files    []SketchedFile
	Command  string // the equal command line
	Query    string // the equal parameters of /generate
}

// Field is a field of choices that has options.
type Field struct {
	Name      string // such as hosting, database.tier, addOns.redis
	Parameter string // of the form
	Value     string
	Options   []Option
}

// Option is a value that a field may have.
type Option struct {
	Value, Title, Detail, Cost string
	Reason                     string // why it does not go with the other choices; "" = it does
}

// SketchedApp is an app of a sketch.
type SketchedApp struct {
	Name, Path, Port, Health, Start string
	Text                            string // the app as a parameter of the form
}

// SketchedFile is a file that the choices give.
type SketchedFile struct{ Path, Text string }

const parameterFile = "file" // of the form: the file that is shown

// mainFile is what is shown first.
const mainFile = "terraform/main.tf"

func (p *pages) newProject(r *http.Request) (view, error) {
	form := r.URL.Query()
	shown := form.Get(parameterFile)
	form.Del(parameterFile)
	sketch, err := p.Blueprints.Sketch(r.Context(), form)
	if err != nil {
		return view{}, err
	}
	return view{Template: "new", Script: "new.js", Title: "New project", Page: viewSketch(sketch, shown, r)}, nil
}

// sketchView is a sketch as the page shows it.
type sketchView struct {
	Sketch
	Project []fieldView // target, region and so on
	OfApp   []fieldView // runtime, hosting and so on
	Data    []fieldView // database and add-ons
	Several bool        // apps
	Others  []SketchedApp
	Zip     string // paths of the archives
	Tgz     string
	Curl    string // command
	Tree    []folderView
	Shown   fileView
}

// fieldView is a field as a group of radio buttons or as a list.
type fieldView struct {
	Field
	ID      string
	Legend  string
	List    bool // a list to choose from, where there are many or they say little
	Options []optionView
	Blocked string // the reason, where nothing else can be chosen
}

type optionView struct {
	Option
	ID       string
	Chosen   bool
	Disabled bool
}

var legends = map[string]string{
	"target": "Target", "engine": "Engine", "region": "Region", "network": "Network",
	"runtime": "Runtime", "version": "Version", "buildTool": "Build tool", "hosting": "Hosting", "tier": "Size", "packaging": "Packaging",
	"database.kind": "Database", "database.tier": "Size of the database", "database.version": "Version of the database",
	"addOns.redis": "Redis", "addOns.blob-storage": "Blob storage", "addOns.mongodb": "MongoDB",
	"addOns.application-insights": "Application Insights", "addOns.key-vault": "Key vault",
}

// lists are the fields that are shown as lists.
var lists = []string{"engine", "region", "runtime", "version", "buildTool", "database.version"}

func viewSketch(s Sketch, shown string, r *http.Request) sketchView {
	v := sketchView{Sketch: s, Several: len(s.Apps) > 1}
	for _, f := range s.Fields {
		switch field := viewField(f); {
		case strings.HasPrefix(f.Name, "database.") || strings.HasPrefix(f.Name, "addOns."):
			v.Data = append(v.Data, field)
		case slices.Contains([]string{"target", "engine", "region", "network"}, f.Name):
			v.Project = append(v.Project, field)
		default:
			v.OfApp = append(v.OfApp, field)
		}
	}
	for i, a := range s.Apps {
		if i != s.At {
			v.Others = append(v.Others, a)
		}
	}
	if len(s.Files) > 0 {
		archive := func(format string) string {
			return (&url.URL{Path: "/generate/" + s.Name + "." + format, RawQuery: s.Query}).String()
		}
		v.Zip, v.Tgz = archive("zip"), archive("tgz")
		v.Curl = "curl -fsS '" + strings.ReplaceAll(schemeOf(r)+"://"+r.Host+v.Tgz, "'", "%27") + "' | tar -xz"
	}
	v.Shown = viewFile(s.Files, shown)
	v.Tree = viewTree(s.Files, v.Shown.Path, r)
	return v
}

func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

func viewField(f Field) fieldView {
	v := fieldView{Field: f, ID: "f-" + strings.ReplaceAll(f.Name, ".", "-"), Legend: legends[f.Name]}
	v.List = slices.Contains(lists, f.Name) || strings.HasPrefix(f.Name, "addOns.")
	if strings.HasPrefix(f.Name, "addOns.") {
		f.Options = append([]Option{{Title: "None"}}, f.Options...)
	}
	free := 0
	for _, o := range f.Options {
		chosen := o.Value == f.Value
		o.Reason, o.Detail = capital(o.Reason), strings.ReplaceAll(o.Detail, "`", "")
		if o.Reason == "" && o.Value != "" {
			free++
		}
		v.Options = append(v.Options, optionView{o, v.ID + "-" + strings.NewReplacer("=", "-", ".", "-").Replace(o.Value), chosen, o.Reason != "" && !chosen})
	}
	if v.List && free == 0 && len(f.Options) > 0 {
		v.Blocked = v.Options[len(v.Options)-1].Reason
	}
	return v
}

// capital makes words a sentence.
func capital(words string) string {
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// folderView is a folder of the tree of files.
type folderView struct {
	Path    string // "" = the root
	Open    bool
	Files   []treeFile
	Folders []folderView
}

type treeFile struct {
	Name, URL string
	Shown     bool
}

// viewTree arranges files, which come sorted, in folders.
func viewTree(files []SketchedFile, shown string, r *http.Request) []folderView {
	root := &folderView{Open: true}
	for _, file := range files {
		query := r.URL.Query()
		query.Set(parameterFile, file.Path)
		folder := root.folder(path.Dir(file.Path), shown)
		folder.Files = append(folder.Files, treeFile{path.Base(file.Path), "/new?" + query.Encode() + "#preview", file.Path == shown})
	}
	return []folderView{*root}
}

// folder returns the folder of a path below, made where it is not there yet.
// Modules are closed: they are many, and the same for everybody.
func (f *folderView) folder(dir, shown string) *folderView {
	if dir == "." {
		return f
	}
	for name := range strings.SplitSeq(dir, "/") {
		full := path.Join(f.Path, name)
		i := slices.IndexFunc(f.Folders, func(sub folderView) bool { return sub.Path == full })
		if i < 0 {
			f.Folders = append(f.Folders, folderView{Path: full, Open: !strings.HasPrefix(full, "terraform/modules") || strings.HasPrefix(shown, full+"/")})
			i = len(f.Folders) - 1
		}
		f = &f.Folders[i]
	}
	return f
}

// Name is the last part of the path.
func (f folderView) Name() string { return path.Base(f.Path) }
