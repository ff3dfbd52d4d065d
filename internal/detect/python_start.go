package detect

import (
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft"
)

// entry is the object that a server is pointed at.
type entry struct {
	module  string // in dots
	object  string
	call    bool // the object makes the app when it is called
	within  string
	source  aloft.Source
	isAsync bool
}

// target writes the entry as servers take it.
func (e entry) target() string { return e.module + ":" + e.object }

var (
	asyncApp   = regexp.MustCompile(`(?m)^([A-Za-z_]\w*)\s*(?::[^=\n]+)?=\s*(?:\w+\.)*(FastAPI|Starlette|Litestar|Quart|Robyn|Sanic|BlackSheep|Application|Falcon)\(`)
	syncApp    = regexp.MustCompile(`(?m)^([A-Za-z_]\w*)\s*(?::[^=\n]+)?=\s*(?:\w+\.)*(Flask|Bottle|Dash|API|App|Pyramid)\(`)
	anyFactory = regexp.MustCompile(`(?m)^(?:async )?def (create_app|make_app|build_app|get_app)\(`)
	asyncMaker = regexp.MustCompile(`(FastAPI|Starlette|Litestar|Quart)\(`)
	settings   = regexp.MustCompile(`DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']`)
	staticRoot = regexp.MustCompile(`(?m)^STATIC_ROOT\s*=`)
)

// start finds the framework, its entry and the server that runs it.
func (p *pythonApp) start(app *aloft.App) error {
	app.Framework = framework(p.dependencies, "django", "fastapi", "flask", "litestar", "starlette", "quart", "sanic", "streamlit", "gradio", "dash",
		"bottle", "falcon", "aiohttp", "tornado")
	switch app.Framework.Value {
	case "django":
		return p.django(app)
	case "fastapi", "litestar", "starlette", "quart":
		if e, ok := p.findEntry(asyncApp); ok {
			e.isAsync = true
			return p.serve(app, e)
		}
	case "flask", "dash", "bottle":
		if e, ok := p.findEntry(syncApp); ok {
			if app.Framework.Value == "dash" {
				e.object += ".server"
			}
			return p.serve(app, e)
		}
	case "streamlit", "gradio":
		if p.dashboard(app) {
			return nil
		}
	}
	if p.has("manage.py") && app.Framework.Value == "" {
		app.Framework = aloft.Setting{Value: "django", Source: p.at("manage.py", 0, "")}
		return p.django(app)
	}
	return p.script(app)
}

// python writes a command of the interpreter; module code in src is found too.
func (p *pythonApp) python(within, text string) string {
	if within != "" {
		return "PYTHONPATH=" + aloft.ShellWord(within) + " " + p.interpreter + " " + text
	}
	return p.interpreter + " " + text
}

// django starts the project that manage.py names.
func (p *pythonApp) django(app *aloft.App) error {
	text := p.text("manage.py")
	match := settings.FindStringSubmatch(text)
	if match == nil {
		return missingStart(manifestLines("path: <folder of manage.py>"),
			"cannot start the Django project of %s: there is no manage.py beside it that sets DJANGO_SETTINGS_MODULE", p.told.File)
	}
	from := p.at("manage.py", lineOf(text, match[0]), "")
	project, _, _ := strings.Cut(match[1], ".settings")
	object := entry{module: project + ".wsgi", object: "application", source: from}
	if depends(p.dependencies, "uvicorn", "daphne", "hypercorn", "channels") && !depends(p.dependencies, "gunicorn") &&
		p.has(strings.ReplaceAll(project, ".", "/")+"/asgi.py") {
		object.module, object.isAsync = project+".asgi", true
	}
	if file := p.collects(match[1]); file != "" && depends(p.dependencies, "whitenoise") {
		app.Build = append(app.Build, run(p.at(file, lineOf(p.text(file), "STATIC_ROOT"), ""), p.interpreter, "manage.py", "collectstatic", "--noinput"))
	}
	if need, ok := relational(app.AddOns); ok {
		app.Release = run(aloft.Source{File: from.File, Line: from.Line, Reason: need.Kind}, p.interpreter, "manage.py", "migrate", "--noinput")
	}
	if !depends(p.dependencies, "gunicorn", "uvicorn", "daphne", "hypercorn", "waitress") {
		from.Reason = "Django's own server: no gunicorn among the dependencies"
		app.Start = shell(p.python("", "manage.py runserver --noreload "+bindHost+":$PORT"), from)
		return nil
	}
	return p.serve(app, object)
}

// collects returns the settings file that names a folder for static files.
func (p *pythonApp) collects(module string) string {
	stem := strings.ReplaceAll(module, ".", "/")
	for _, name := range []string{stem + ".py", stem + "/__init__.py", stem + "/base.py"} {
		if staticRoot.MatchString(p.text(name)) {
			return name
		}
	}
	return ""
}

// serve starts an entry with the server that is among the dependencies.
func (p *pythonApp) serve(app *aloft.App, e entry) error {
	server, ok := first(p.dependencies, servers(e.isAsync)...)
	target := aloft.ShellWord(e.target())
	if ok && strings.HasPrefix(server.name, "fastapi[") {
		server.name = "uvicorn"
	}
	e.source.Reason = strings.TrimPrefix(e.source.Reason, " ")
	text := ""
	switch server.name {
	case "gunicorn":
		if e.call {
			target = aloft.ShellWord(e.target() + "()")
		}
		text = "-m gunicorn " + target + " --bind " + bindHost + ":$PORT"
		if e.isAsync {
			text += " --worker-class uvicorn.workers.UvicornWorker"
		}
	case "uvicorn":
		text = "-m uvicorn " + target + " --host " + bindHost + " --port $PORT"
		if e.call {
			text += " --factory"
		}
	case "hypercorn":
		text = "-m hypercorn " + target + " --bind " + bindHost + ":$PORT"
	case "daphne":
		text = "-m daphne --bind " + bindHost + " --port $PORT " + target
	case "granian":
		text = "-m granian --interface asgi --host " + bindHost + " --port $PORT " + target
	case "waitress":
		text = "-m waitress --listen=" + bindHost + ":$PORT " + target
		if e.call {
			text = "-m waitress --listen=" + bindHost + ":$PORT --call " + target
		}
	default:
		return p.serveItself(app, e)
	}
	app.Start = shell(p.python(e.within, text), e.source)
	return nil
}

func servers(isAsync bool) []string {
	if isAsync {
		return []string{"uvicorn", "fastapi[standard]", "fastapi[all]", "hypercorn", "granian", "daphne"}
	}
	return []string{"gunicorn", "waitress"}
}

// serveItself is for apps without a server among their dependencies.
func (p *pythonApp) serveItself(app *aloft.App, e entry) error {
	if app.Framework.Value == "flask" {
		e.source.Reason = "Flask's own server: no gunicorn among the dependencies"
		app.Start = shell(p.python(e.within, "-m flask --app "+aloft.ShellWord(e.target())+" run --host "+bindHost+" --port $PORT"), e.source)
		return nil
	}
	if !e.isAsync {
		return p.script(app)
	}
	return missingPiece("add uvicorn to "+p.told.File,
		"cannot start %s of %s: there is no server among the dependencies", app.Framework.Value, e.source.File)
}

// dashboard starts Streamlit and Gradio, which are their own servers.
func (p *pythonApp) dashboard(app *aloft.App) bool {
	name := p.first("streamlit_app.py", "app.py", "main.py", "Home.py", "src/app.py", "src/main.py")
	if name == "" {
		return false
	}
	from := p.at(name, 0, "")
	if app.Framework.Value == "gradio" {
		app.Start = shell("GRADIO_SERVER_NAME="+bindHost+" GRADIO_SERVER_PORT=$PORT exec "+p.interpreter+" "+name, from)
		return true
	}
	app.Start = shell(p.interpreter+" -m streamlit run "+name+" --server.headless true --server.address "+bindHost+" --server.port $PORT", from)
	return true
}

// script starts a file, which reads PORT by itself.
func (p *pythonApp) script(app *aloft.App) error {
	if scripts := p.project.get("project", "scripts"); len(scripts.names()) == 1 && p.project.get("build-system") != nil {
		name := scripts.names()[0]
		if module, object, ok := strings.Cut(scripts.get(name).string(), ":"); ok && isDotted(module) && isDotted(object) {
			app.Start = run(p.at("pyproject.toml", scripts.get(name).at(), ""), p.interpreter, "-c", "import sys; from "+module+" import "+object+"; sys.exit("+object+"())")
			return nil
		}
	}
	if name := p.pythonScript(); name != "" {
		app.Start = run(p.at(name, 0, ""), p.interpreter, name)
		return nil
	}
	return missingStart(manifestLines("start: "+p.interpreter+" -m <module that listens on $PORT>"),
		"cannot tell how to start the Python app of %s: there is no main.py, app.py, server.py or manage.py, and no framework among its dependencies whose app was found", p.told.File)
}

var dotted = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$`)

func isDotted(name string) bool { return dotted.MatchString(name) }
