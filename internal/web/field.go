package web

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// fieldView is a field as a group of radio buttons, as a list or as an input.
type fieldView struct {
	Parameter, Value string
	ID               string
	Legend           string
	Kind             string // radio, list or input
	Options          []optionView
	Placeholder      string
	Wide, Number     bool
	Disabled         bool   // an input that cannot be filled in
	About            string // what a newcomer should know
	Reason           string // why nothing else can be chosen
	Problem          string // what is wrong
}

type optionView struct {
	Option
	ID       string
	Chosen   bool
	Disabled bool
}

// DescribedBy lists the ids of what is told about the field.
func (v fieldView) DescribedBy() string {
	var ids []string
	for _, told := range []struct{ part, text string }{{"problem", v.Problem}, {"reason", v.Reason}, {"about", v.About}} {
		if told.text != "" {
			ids = append(ids, v.ID+"-"+told.part)
		}
	}
	return strings.Join(ids, " ")
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

const inItsFiles = "what the app's files tell"

// inputs tells how fields of free text are shown.
var inputs = map[string]struct {
	legend, about, placeholder string
	wide, number               bool
}{
	"name":    {legend: "Name"},
	AppName:   {legend: "Name of the app"},
	"path":    {legend: "Folder in the repository", about: "A dot is its root."},
	"port":    {legend: "Port", about: "What the container listens on.", placeholder: "told by the host", number: true},
	"health":  {legend: "Health path", about: "Answers 2xx when the app is well.", placeholder: "/"},
	"build":   {legend: "Build command", about: "Written to aloft.yaml.", placeholder: inItsFiles, wide: true},
	"command": {legend: "Start command", about: "Written to aloft.yaml.", placeholder: inItsFiles, wide: true},
	"static":  {legend: "Folder of files to serve", about: "In the app's folder, where no process is started. Written to aloft.yaml.", placeholder: inItsFiles, wide: true},
	"start":   {legend: "Startup command of the web app", about: "For App Service, where it does not find by itself what to start.", placeholder: "what App Service finds", wide: true},
}

func fieldID(name string) string { return "f-" + strings.ReplaceAll(name, ".", "-") }

func viewInput(input Input) fieldView {
	how := inputs[input.Name]
	v := fieldView{
		Parameter: input.Parameter, Value: input.Value, ID: fieldID(input.Name), Kind: "input",
		Legend: how.legend, About: how.about, Placeholder: how.placeholder, Wide: how.wide, Number: how.number,
	}
	if input.Reason != "" && input.Value == "" {
		v.Disabled, v.Reason, v.About = true, capital(input.Reason), ""
	}
	return v
}

func viewField(f Field) fieldView {
	v := fieldView{Parameter: f.Parameter, Value: f.Value, ID: fieldID(f.Name), Kind: "radio", Legend: legends[f.Name]}
	options := f.Options
	if strings.HasPrefix(f.Name, "addOns.") {
		options = append([]Option{{Title: "None", Detail: f.Detail}}, options...)
		v.Kind = "list"
	} else if slices.Contains(lists, f.Name) {
		v.Kind = "list"
	}
	if v.Kind == "list" && !slices.ContainsFunc(options, func(o Option) bool { return o.Value == f.Value }) {
		options = append(slices.Clone(options), Option{Value: f.Value, Title: shortened(f.Value) + " (not known)"})
	}
	free := 0
	for _, o := range options {
		chosen := o.Value == f.Value
		o.Reason, o.Detail = capital(o.Reason), strings.ReplaceAll(o.Detail, "`", "")
		if o.Reason == "" && o.Value != "" {
			free++
		}
		if chosen && v.Kind == "list" {
			v.About = o.Detail
		}
		v.Options = append(v.Options, optionView{o, v.ID + "-" + strings.NewReplacer("=", "-", ".", "-").Replace(o.Value), chosen, o.Reason != "" && !chosen})
	}
	if v.Kind == "list" && free == 0 && len(options) > 0 {
		v.Reason = v.Options[len(v.Options)-1].Reason
	}
	return v
}

// toldView is something that is wrong, as a sentence that begins with the field.
type toldView struct {
	ID    string // of the field; "" = it is not on the page
	Field string
	Text  string
}

// tell says what is wrong, and says it beside the fields too.
func (v *sketchView) tell() {
	for _, p := range v.Changed {
		v.Anew = append(v.Anew, v.told(p))
	}
	for _, p := range v.Problems {
		told := v.told(p)
		v.Wrong = append(v.Wrong, told)
		v.MoreOpen = markProblem(v.More, told) || v.MoreOpen
		for _, list := range [][]fieldView{v.Project, v.OfApp, v.Data} {
			markProblem(list, told)
		}
	}
}

// markProblem says beside a field what is wrong with it, if it is in the list.
func markProblem(list []fieldView, told toldView) bool {
	i := slices.IndexFunc(list, func(f fieldView) bool { return f.ID == told.ID })
	if i >= 0 {
		list[i].Problem = strings.TrimSpace(list[i].Problem + " " + capital(told.Text) + ".")
	}
	return i >= 0
}

func (v *sketchView) told(p Problem) toldView {
	told := toldView{Field: p.Field}
	if how, ok := inputs[p.Field]; ok {
		told.Field = how.legend
	} else if legend, ok := legends[p.Field]; ok {
		told.Field = legend
	}
	if p.App != "" {
		told.Field += " of " + shortened(p.App)
	} else if v.has(p.Field) {
		told.ID = fieldID(p.Field)
	}
	if p.Value != "" {
		told.Text = fmt.Sprintf("“%s” ", shortened(p.Value))
	}
	told.Text += p.Rule
	if len(p.Allowed) > 0 && len(p.Allowed) <= mostAllowed {
		told.Text += "; one of " + strings.Join(p.Allowed, ", ")
	}
	return told
}

// has reports whether a field is on the page.
func (v *sketchView) has(field string) bool {
	return slices.ContainsFunc(v.Inputs, func(i Input) bool { return i.Name == field }) ||
		slices.ContainsFunc(v.Fields, func(f Field) bool { return f.Name == field })
}

const (
	mostAllowed = 8  // values that are listed in a sentence
	mostShown   = 60 // characters of a value that is told
)

// shortened cuts what is long.
func shortened(text string) string {
	if letters := []rune(text); len(letters) > mostShown {
		return string(letters[:mostShown]) + "…"
	}
	return text
}

// capital makes words a sentence.
func capital(words string) string {
	first, size := utf8.DecodeRuneInString(words)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + words[size:]
}
