package blueprint

import (
	"fmt"
	"path"
	"regexp"
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
// in a web app only, a port with images, a hosting and a server's version of Azure's
// with Azure. An app is given the version that it asks for where any will do.
func (p Proposal) Complete() Proposal {
	p.Choices.Apps, p.Notices = slices.Clone(p.Choices.Apps), slices.Clone(p.Notices)
	for i := range p.Choices.Apps {
		a := &p.Choices.Apps[i]
		from, found := p.finding(a.Name+".hosting", a.Hosting)
		if !found || p.Choices.Target != TargetLocal {
			continue
		}
		if a.Hosting == HostingFunction {
			p.Notices = append(p.Notices, fmt.Sprintf("%s is made of functions%s, and the local target has nothing that runs them: a start command in %s would start a server.", a.Name, from, ManifestFile))
		}
		a.Hosting = ""
	}
	if _, found := p.finding("database.version", p.Choices.Database.Version); found && p.Choices.Target == TargetLocal {
		p.Choices.Database.Version = ""
	}
	p.Findings = slices.Clone(p.Findings)
	p.versions()
	c := p.Choices.Complete()
	for i := range c.Apps {
		a := &c.Apps[i]
		if _, found := p.finding(a.Name+".start", a.Start); found && (a.Hosting != HostingWebApp || a.Packaging != PackagingArchive) {
			a.Start = ""
		}
		if _, found := p.finding(a.Name+".port", portText(a)); found && a.Packaging != PackagingImage {
			a.Port = 0
		}
	}
	p.Choices = c
	p = p.pruned()
	for _, f := range p.Findings {
		if f.Value == BlobStorage && c.Target == TargetAzure && otherStorage.MatchString(f.Source.Reason) {
			p.Notices = append(p.Notices, fmt.Sprintf("Blob storage is not reached by what asks for it%s: Azure's has an interface of its own, and takes a library for that.", f.Source))
		}
	}
	return p
}

// otherStorage are the libraries of other clouds' storage.
var otherStorage = regexp.MustCompile(`(?i)s3|aws|boto3|minio|google`)

// finding returns what told of a value, if the source tree did.
func (p Proposal) finding(field, value string) (aloft.Source, bool) {
	i := slices.IndexFunc(p.Findings, func(f Finding) bool { return f.Field == field && f.Value == value })
	if i < 0 {
		return aloft.Source{}, false
	}
	return p.Findings[i].Source, true
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
