package detect

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// instruction is a line of a Dockerfile, joined where it is continued.
type instruction struct {
	name string // in capitals
	text string // what follows it
	line int
}

// dockerfile is what a Dockerfile says; of several stages all.
type dockerfile []instruction

// instructions reads the folder's Dockerfile.
func (f *folder) instructions() dockerfile { return f.dockerfile("Dockerfile") }

func (f *folder) dockerfile(name string) dockerfile { return scanDockerfile(f.text(name)) }

func scanDockerfile(text string) dockerfile {
	var list dockerfile
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line, number := strings.TrimSpace(lines[i]), i+1
		var parts []string
		for strings.HasSuffix(line, `\`) && i+1 < len(lines) {
			parts = append(parts, strings.TrimSuffix(line, `\`))
			i++
			line = strings.TrimSpace(lines[i])
			for strings.HasPrefix(line, "#") && i+1 < len(lines) {
				i++
				line = strings.TrimSpace(lines[i])
			}
		}
		line = strings.Join(append(parts, line), " ")
		name, rest, _ := strings.Cut(line, " ")
		if name != "" && !strings.HasPrefix(name, "#") {
			list = append(list, instruction{strings.ToUpper(name), strings.TrimSpace(rest), number})
		}
	}
	return list
}

// lastStage returns the instructions of the stage that becomes the image.
func lastStage(list []instruction) []instruction {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].name == "FROM" {
			return list[i:]
		}
	}
	return list
}

// baseImage returns the image that the last stage begins with, and its line.
func (f *folder) baseImage() (string, int) {
	stage := lastStage(f.instructions())
	if len(stage) == 0 || stage[0].name != "FROM" {
		return "", 0
	}
	return fromImage(stage[0].text), stage[0].line
}

// fromImage returns the image of a FROM line.
func fromImage(text string) string {
	for _, word := range strings.Fields(text) {
		if !strings.HasPrefix(word, "--") {
			return word
		}
	}
	return ""
}

// ownFiles reports whether the Dockerfile needs nothing of the folder that it is built with.
func (d dockerfile) ownFiles() bool {
	return !slices.ContainsFunc(d, func(in instruction) bool {
		return (in.name == "COPY" || in.name == "ADD") && !strings.Contains(in.text, "--from=") || strings.Contains(in.text, "type=bind")
	})
}

// copies reports whether the Dockerfile puts a folder below the one that it is built
// with into the image; all tells whether a line that copies everything counts.
func (d dockerfile) copies(rel string, all bool) bool {
	for _, in := range d {
		if in.name != "COPY" && in.name != "ADD" || strings.Contains(in.text, "--from=") {
			continue
		}
		words := strings.FieldsFunc(in.text, func(r rune) bool { return strings.ContainsRune(` "[],`, r) })
		if len(words) < 2 {
			continue
		}
		for _, word := range words[:len(words)-1] {
			place := path.Clean(word)
			if all && place == "." || place == rel || strings.HasPrefix(place, rel+"/") || strings.HasPrefix(rel, place+"/") {
				return true
			}
		}
	}
	return false
}

var (
	exposedPort = regexp.MustCompile(`^([0-9]{2,5})(?:/tcp)?\b`)
	portEnv     = regexp.MustCompile(`\b(?:PORT|SERVER_PORT|ASPNETCORE_HTTP_PORTS)[= ]["']?([0-9]{2,5})\b|\bASPNETCORE_URLS[= ]["']?http://[^:\s]*:([0-9]{2,5})`)
	portFlag    = regexp.MustCompile(`(?:--(?:server\.)?port[= ",]+|(?:--bind|-b)[= ",]+[^\s",]*:|\s-p[ ",]+)([0-9]{2,5})\b`)
	localURL    = regexp.MustCompile(`https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::[^/\s"']*)?(/[!-~]*?)?(?:["'\s,;|)]|$)`)
)

// dockerPort returns the port that an image listens on.
func (f *folder) dockerPort() aloft.Setting {
	stage := lastStage(f.instructions())
	for _, rule := range []struct {
		names string
		match *regexp.Regexp
	}{{"EXPOSE", exposedPort}, {"CMD ENTRYPOINT", portFlag}, {"ENV", portEnv}} {
		for _, in := range stage {
			if !strings.Contains(rule.names, in.name) {
				continue
			}
			if match := rule.match.FindStringSubmatch(in.text); match != nil {
				if s := portSetting(strings.Join(match[1:], ""), f.at("Dockerfile", in.line, "")); s.Value != "" {
					return s
				}
			}
		}
	}
	return aloft.Setting{}
}

// dockerHealth returns the path that an image's health check asks.
func (f *folder) dockerHealth() aloft.Setting {
	for _, in := range lastStage(f.instructions()) {
		if in.name == "HEALTHCHECK" {
			if path := askedPath(in.text); path != "" {
				return aloft.Setting{Value: path, Source: f.at("Dockerfile", in.line, "")}
			}
		}
	}
	return aloft.Setting{}
}

// askedPath returns the path of a URL on this machine in a command, or "".
func askedPath(command string) string {
	match := localURL.FindStringSubmatch(command)
	if match == nil {
		return ""
	}
	return healthPath(match[1])
}
