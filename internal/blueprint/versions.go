package blueprint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// mayHave reports whether a version is good for the app without being listed: no host
// brings the runtime.
func (a App) mayHave(r runtimeKind, version string) bool {
	return len(r.versions) > 0 && !a.hostBrings(r) && r.takes(version)
}

// hostBrings reports whether the host brings the app's runtime, in the versions that
// it has. In an image, and where the version is that of a toolchain only, any will do.
func (a App) hostBrings(r runtimeKind) bool {
	switch a.Hosting {
	case HostingWebApp:
		return a.Packaging != PackagingImage
	case HostingFunction:
		return r.function != "custom"
	}
	return false
}

// takes reports whether a version names an image or a toolchain of the runtime: it is
// as exact as those to choose from, or more so.
func (r runtimeKind) takes(version string) bool {
	return versionRule.MatchString(version) && strings.Count(version, ".") >= strings.Count(r.versions[0], ".")
}

var versionRule = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,3}){0,2}$`)

func (k *checker) version(field string, a App, r runtimeKind) {
	if a.mayHave(r, a.Version) {
		return
	}
	k.among(field, a.Version, plain(r.versions), "the version of "+r.Title+" stands in the app's own files")
}

// versions lists what an app's version can be chosen from, its own among them.
func (a App) versions() []Option {
	list := Versions(a.Runtime)
	if r, _ := runtimeOf(a.Runtime); a.mayHave(r, a.Version) && !slices.Contains(r.versions, a.Version) {
		list = append(list, Option{Value: a.Version, Title: a.Version})
	}
	return list
}

// oneVersion matches a project's words that begin with one version: 4.0.1, v18, ^20.1, >=3.15.
var oneVersion = regexp.MustCompile(`^(?:>=|\^|~>|~=|~|==|=)?\s*v?([0-9]{1,3})(\.[0-9]{1,3})?(?:\.[0-9]+)*(?:\.[x*])?$`)

// named returns the version that a project's words name, the last of alternatives, as
// exactly as versions of the runtime are chosen; "" = none.
func (r runtimeKind) named(words string) string {
	words = words[strings.LastIndexByte(words, '|')+1:]
	if r.java {
		words = strings.TrimPrefix(words, "1.") // 1.8 is Java 8
	}
	match := oneVersion.FindStringSubmatch(strings.TrimSpace(words))
	switch {
	case match == nil:
		return ""
	case strings.Contains(r.versions[0], "."):
		return match[1] + match[2]
	}
	return match[1]
}

// versions gives the apps the versions that were asked for and are none of those to
// choose from, where any will do, and tells where not.
func (p *Proposal) versions() {
	for _, asked := range p.asked {
		name := strings.TrimSuffix(asked.Field, ".version")
		i := slices.IndexFunc(p.Choices.Apps, func(a App) bool { return a.Name == name })
		if i < 0 || p.Choices.Apps[i].Version != "" {
			continue // of no app, or chosen by somebody
		}
		full := p.Choices.Complete().Apps[i]
		r, _ := runtimeOf(full.Runtime)
		if len(r.versions) == 0 {
			continue
		}
		if version := r.named(asked.Value); full.mayHave(r, version) {
			p.Choices.Apps[i].Version = version
			at := len(p.Findings)
			for at > 0 && !strings.HasPrefix(p.Findings[at-1].Field, name+".") {
				at--
			}
			p.Findings = slices.Insert(p.Findings, at, Finding{asked.Field, version, asked.Source})
			continue
		}
		notice := notToBeHad(name, r.language(), asked.Value, asked.Source, r.versions)
		if full.Hosting == HostingWebApp {
			notice += " In an image (--packaging image) any version will do."
		}
		p.Notices = append(p.Notices, notice)
	}
}

// language is what the versions of a runtime are of.
func (r runtimeKind) language() string {
	if r.java {
		return "Java"
	}
	return r.Title
}

// server takes the version of a database's server that is asked for, if it is one of
// those to be had.
func (p *Proposal) server(app aloft.App, need aloft.AddOn) {
	database := &p.Choices.Database
	k, _ := kindOf(database.Kind)
	if need.Version.Value == "" || len(k.versions) == 0 || database.Version != "" {
		return
	}
	if version := matching(need.Version.Value, k.versions); version != "" {
		database.Version = version
		p.found("database.version", version, need.Version.Source)
		return
	}
	p.Notices = append(p.Notices, notToBeHad(app.Name, k.Title, need.Version.Value, need.Version.Source, k.versions))
}

// notToBeHad tells of a version that an app asks for, and which there are.
func notToBeHad(app, what, version string, from aloft.Source, list []string) string {
	return fmt.Sprintf("%s asks for %s %s%s, which is not to be had; there is %s.", app, what, version, from, strings.Join(list, ", "))
}
