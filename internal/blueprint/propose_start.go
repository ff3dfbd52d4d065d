package blueprint

import (
	"path"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// publicFolder makes nginx, which App Service has before PHP, serve the folder
// public, and hand every path that is no file to the framework.
const publicFolder = `sed -i 's|/home/site/wwwroot;|/home/site/wwwroot/public;|; s|index .*hostingstart.html;|try_files $uri $uri/ /index.php?$args;|' ` +
	`/etc/nginx/sites-available/default && service nginx reload`

// hostStart returns the command that App Service needs to start an archive. It
// finds by itself what to start in Java, .NET and PHP, the script "start" of a
// package.json, and Django and Flask under gunicorn.
func hostStart(a App, app aloft.App) (string, aloft.Source) {
	full := a.complete(Choices{Target: TargetAzure})
	text := shellText(app.Start)
	if full.Hosting != HostingWebApp || full.Packaging != PackagingArchive || text == "" {
		return "", aloft.Source{}
	}
	switch a.Runtime {
	case "python":
		if strings.Contains(text, " runserver ") || strings.Contains(text, " -m flask ") {
			return "", aloft.Source{} // servers for development, where it has gunicorn
		}
		// Its own environment of packages is active, and nothing sets HOST.
		text = strings.NewReplacer(".aloft/venv/bin/", "", "${HOST:-0.0.0.0}", "0.0.0.0", "PYTHONPATH=src ", "PYTHONPATH=src:$PYTHONPATH ").Replace(text)
	case "php":
		if !strings.Contains(text, " artisan serve ") && !strings.HasSuffix(text, " -t public") {
			return "", aloft.Source{}
		}
		text = publicFolder
	case "node":
		if from := app.Start.Source; path.Base(from.File) == "package.json" && from.Reason == "" {
			return "", aloft.Source{}
		}
	default:
		return "", aloft.Source{}
	}
	if !startRule.MatchString(text) {
		return "", aloft.Source{}
	}
	return text, app.Start.Source
}

// Complete returns the proposal with its choices complete. What was found and does not go
// with what was chosen since is left out: a start command goes with archives
// in a web app only, a port with images.
func (p Proposal) Complete() Proposal {
	c := p.Choices.Complete()
	for i := range c.Apps {
		a := &c.Apps[i]
		found := func(name, value string) bool {
			return slices.ContainsFunc(p.Findings, func(f Finding) bool { return f.Field == a.Name+"."+name && f.Value == value })
		}
		if found("start", a.Start) && (a.Hosting != HostingWebApp || a.Packaging != PackagingArchive) {
			a.Start = ""
		}
		if found("port", portText(a)) && a.Packaging != PackagingImage {
			a.Port = 0
		}
	}
	p.Choices = c
	return p.pruned()
}

// shellLines writes commands as one line for a shell; each begins in the app's
// folder.
func shellLines(commands []aloft.Command) string {
	lines := make([]string, len(commands))
	for i, command := range commands {
		_, shell := command.Shell()
		if lines[i] = shellText(command); len(commands) > 1 && shell && strings.ContainsAny(lines[i], ";|&<>()#") {
			lines[i] = "(" + lines[i] + ")"
		}
	}
	return strings.Join(lines, " && ")
}

// shellText writes a command as a line for a shell.
func shellText(c aloft.Command) string {
	if text, ok := c.Shell(); ok {
		return text
	}
	words := make([]string, len(c.Args))
	for i, word := range c.Args {
		words[i] = aloft.ShellWord(word)
	}
	return strings.Join(words, " ")
}
