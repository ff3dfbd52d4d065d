package web

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
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
	Name         string
	Fields       []Field       // those with options: of the project and of the app that is edited
	Inputs       []Input       // those of free text, likewise
	Was          string        // what the next form tells of the edited app as it was
	UsualNetwork string        // what the next form tells of the network as it was
	At           int           // place of the edited app among all
	Apps         []SketchedApp // all of them
	Changed      []Problem     // what was chosen anew because it no longer went
	Problems     []Problem     // what is wrong
	Notices      []string      // what complete choices do not give
	Files        []SketchedFile
	Command      string // the equal command line
	Query        string // the equal parameters of /generate
}

// Field is a field of choices that has options.
type Field struct {
	Name      string // such as hosting, database.tier, addOns.redis
	Parameter string // of the form
	Value     string
	Detail    string // what the field is for, where its options do not tell
	Options   []Option
}

// Option is a value that a field may have.
type Option struct {
	Value, Title, Detail, Cost string
	Reason                     string // why it does not go with the other choices; "" = it does
}

// AppName is what the name of the edited app is called as an Input.
const AppName = "app.name"

// Input is a field of choices that is free text.
type Input struct {
	Name      string // such as name, health; AppName
	Parameter string // of the form
	Value     string
	Reason    string // why it cannot be filled in; "" = it can
}

// Problem is something that is wrong with a field.
type Problem struct {
	Field   string   // as Field and Input name it, or another word
	App     string   // the app that it is of, where that is not the edited one
	Value   string   // what it is
	Rule    string   // what is wrong, for people
	Allowed []string // what it may be, where that can be listed
}

// SketchedApp is an app of a sketch.
type SketchedApp struct {
	Name string
	Text string // the app as a parameter of the form
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
	Project  []fieldView // name, target, region and so on
	OfApp    []fieldView // name, folder, runtime, hosting and so on
	More     []fieldView // of the app: what is seldom needed
	MoreOpen bool
	Data     []fieldView // database and add-ons
	Several  bool        // apps
	Others   []SketchedApp
	Wrong    []toldView
	Anew     []toldView // what was chosen anew
	Zip      string     // paths of the archives
	Tgz      string
	Curl     string // command
	Link     string // to the page with these choices
	Tree     []folderView
	Shown    fileView
}

func viewSketch(s Sketch, shown string, r *http.Request) sketchView {
	v := sketchView{Sketch: s, Several: len(s.Apps) > 1}
	v.arrange()
	v.tell()
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
		v.Link = s.link(shown)
	}
	v.Shown = viewFile(s.Files, shown)
	v.Tree = s.tree(v.Shown.Path)
	if v.Shown.Path == "" {
		v.Shown.Path = shown // for when there are files again
	}
	return v
}

// arrange puts every field into the part of the page where it belongs.
func (v *sketchView) arrange() {
	for _, input := range v.Inputs {
		switch field := viewInput(input); input.Name {
		case "name":
			v.Project = append(v.Project, field)
		case AppName, "path":
			v.OfApp = append(v.OfApp, field)
		default:
			v.More = append(v.More, field)
			v.MoreOpen = v.MoreOpen || input.Value != "" && input.Name != "port" // which an image always has
		}
	}
	for _, f := range v.Fields {
		switch field := viewField(f); {
		case strings.HasPrefix(f.Name, "database.") || strings.HasPrefix(f.Name, "addOns."):
			v.Data = append(v.Data, field)
		case slices.Contains([]string{"target", "engine", "region", "network"}, f.Name):
			v.Project = append(v.Project, field)
		default:
			v.OfApp = append(v.OfApp, field)
		}
	}
}

// link is the page with these choices and no more in its address.
func (s Sketch) link(shown string) string {
	query, _ := url.ParseQuery(s.Query)
	query.Set("name", s.Name)
	if i := slices.IndexFunc(s.Fields, func(f Field) bool { return f.Name == "network" }); i >= 0 && s.UsualNetwork == "" {
		query.Set("network", s.Fields[i].Value)
	}
	if s.At > 0 {
		query.Set("at", strconv.Itoa(s.At))
	}
	if shown != "" && shown != mainFile {
		query.Set(parameterFile, shown)
	}
	return "/new?" + query.Encode()
}

func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// folderView is a folder of the tree of files.
type folderView struct {
	Path    string // "" = the root
	Open    bool
	Files   []treeFile
	Folders []folderView
}

type treeFile struct {
	Name, Path, URL string
	Shown           bool
}

// tree arranges files, which come sorted, in folders.
func (s Sketch) tree(shown string) []folderView {
	root := &folderView{Open: true}
	for _, file := range s.Files {
		folder := root.folder(path.Dir(file.Path), shown)
		folder.Files = append(folder.Files, treeFile{path.Base(file.Path), file.Path, s.link(file.Path) + "#preview", file.Path == shown})
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
