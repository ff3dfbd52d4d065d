package detect

import (
	"regexp"
	"strings"
)

// gradleScript is what is read of a build or settings script.
type gradleScript struct {
	name         string // rootProject.name
	version      string
	java         numbered
	mainClass    int            // line of a Main-Class in the manifest of a jar
	plugins      map[string]int // ids and their lines
	dependencies []numbered     // group:artifact, of those that are there at run time
	below        []numbered     // the same, of all projects below
	includes     []string       // folders of projects
}

// catalog is what names of a version catalog stand for: plugins.x, bundles.x and x.
type catalog map[string][]string

var (
	gradlePlugin   = regexp.MustCompile(`^(?:id|apply\s+plugin:)[\s(]*["']([\w.-]+)["']`)
	gradleAlias    = regexp.MustCompile(`^alias\s*\(?\s*libs\.plugins\.([\w.]+?)(?:\.asProvider\(\))?\s*\)`)
	gradleBare     = regexp.MustCompile("^`?(application|java|java-library|war|groovy)`?$")
	gradleOneLine  = regexp.MustCompile(`^plugins\s*\{(.*)\}$`)
	gradleLibrary  = regexp.MustCompile(`["']([\w.-]+:[\w.-]+)(?::[^"']*)?["']`)
	gradleNamed    = regexp.MustCompile(`\blibs\.([\w.]+)`)
	gradleGroup    = regexp.MustCompile(`group:\s*["']([\w.-]+)["']\s*,\s*name:\s*["']([\w.-]+)["']`)
	gradleHidden   = regexp.MustCompile(`^(?:test|androidTest|integrationTest|annotationProcessor|compileOnly|kapt|ksp|developmentOnly)\w*[\s(]`)
	gradleName     = regexp.MustCompile(`^rootProject\.name\s*=\s*["']([\w. -]+)["']`)
	gradleVersion  = regexp.MustCompile(`^version\s*=?\s*["']([\w.+-]+)["']`)
	gradleJava     = regexp.MustCompile(`(?:JavaLanguageVersion\.of\(\s*|jvmToolchain\(\s*|(?:source|target)Compatibility\s*=?\s*(?:JavaVersion\.(?:VERSION_|toVersion\(["'])|["'])?)([0-9]+(?:[._][0-9]+)?)`)
	gradleMain     = regexp.MustCompile(`["']?Main-Class["']?`)
	gradleInclude  = regexp.MustCompile(`^include\b`)
	gradleBelow    = regexp.MustCompile(`^(?:subprojects|configure\s*\(\s*subprojects\b.*\))\s*\{`)
	gradleIncluded = regexp.MustCompile(`["']:?([\w:.-]+)["']`)
)

// scanGradle reads the lines of a Groovy or Kotlin script. It does not run it:
// what is put together from variables is not seen.
func scanGradle(text string, names catalog) gradleScript {
	s := gradleScript{plugins: map[string]int{}}
	including, braces := false, 0 // braces that are open since those of the projects below
	for i, line := range strings.Split(withoutComments(text), "\n") {
		line = strings.TrimSpace(line)
		number := i + 1
		if braces > 0 || gradleBelow.MatchString(line) {
			braces = max(0, braces+strings.Count(line, "{")-strings.Count(line, "}"))
			s.below = append(s.below, librariesIn(line, number, names)...)
			s.property(line, number)
			continue
		}
		if match := gradleOneLine.FindStringSubmatch(line); match != nil {
			for _, part := range strings.Split(match[1], ";") {
				s.plugin(strings.TrimSpace(part), number, names)
			}
		}
		s.plugin(line, number, names)
		s.dependencies = append(s.dependencies, librariesIn(line, number, names)...)
		s.property(line, number)
		if s.mainClass == 0 && gradleMain.MatchString(line) {
			s.mainClass = number
		}
		including = gradleInclude.MatchString(line) || including && !strings.Contains(line, "=")
		if including {
			for _, match := range gradleIncluded.FindAllStringSubmatch(line, -1) {
				s.includes = append(s.includes, strings.ReplaceAll(match[1], ":", "/"))
			}
			including = strings.HasSuffix(line, ",") || strings.HasSuffix(line, "(")
		}
	}
	return s
}

func (s *gradleScript) plugin(line string, number int, names catalog) {
	if strings.HasSuffix(strings.ReplaceAll(line, " ", ""), "applyfalse") {
		return
	}
	id := ""
	if match := gradlePlugin.FindStringSubmatch(line); match != nil {
		id = match[1]
	} else if match := gradleBare.FindStringSubmatch(line); match != nil {
		id = match[1]
	} else if match := gradleAlias.FindStringSubmatch(line); match != nil {
		if known := names["plugins."+match[1]]; len(known) == 1 {
			id = known[0]
		}
	}
	if id != "" && s.plugins[id] == 0 {
		s.plugins[id] = number
	}
}

// librariesIn returns what a line names for run time.
func librariesIn(line string, number int, names catalog) []numbered {
	if gradleHidden.MatchString(line) {
		return nil
	}
	var list []numbered
	for _, match := range gradleLibrary.FindAllStringSubmatch(line, -1) {
		list = append(list, numbered{number, match[1]})
	}
	for _, match := range gradleGroup.FindAllStringSubmatch(line, -1) {
		list = append(list, numbered{number, match[1] + ":" + match[2]})
	}
	for _, match := range gradleNamed.FindAllStringSubmatch(line, -1) {
		if strings.HasPrefix(match[1], "plugins.") {
			continue
		}
		for _, name := range names[match[1]] {
			list = append(list, numbered{number, name})
		}
	}
	return list
}

func (s *gradleScript) property(line string, number int) {
	if match := gradleName.FindStringSubmatch(line); match != nil {
		s.name = match[1]
	}
	if match := gradleVersion.FindStringSubmatch(line); match != nil && s.version == "" {
		s.version = match[1]
	}
	if match := gradleJava.FindStringSubmatch(line); match != nil && s.java.number == 0 {
		s.java = numbered{number, strings.TrimPrefix(strings.ReplaceAll(match[1], "_", "."), "1.")}
	}
}

// withoutComments blanks comments and keeps the lines.
func withoutComments(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], "//"):
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case strings.HasPrefix(text[i:], "/*"):
			end := strings.Index(text[i+2:], "*/")
			if end < 0 {
				end = len(text) - i - 4
			}
			stop := max(i+2, min(i+2+end+2, len(text)))
			b.WriteString(strings.Repeat("\n", strings.Count(text[i:stop], "\n")))
			i = stop
		case c == '"' || c == '\'':
			stop := stringEnd(text, i)
			b.WriteString(text[i:stop])
			i = stop
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

// stringEnd returns the end of the string that begins at i; one that is not
// closed ends with its line.
func stringEnd(text string, i int) int {
	for j := i + 1; j < len(text); j++ {
		switch text[j] {
		case '\\':
			j++
		case text[i]:
			return j + 1
		case '\n':
			return j
		}
	}
	return len(text)
}

// gradleCatalog reads gradle/libs.versions.toml.
func gradleCatalog(f *folder) (catalog, error) {
	root, err := f.readTOML("gradle/libs.versions.toml")
	if err != nil || root == nil {
		return nil, err
	}
	names := catalog{}
	dots := strings.NewReplacer("-", ".", "_", ".")
	plugins := root.get("plugins")
	for _, alias := range plugins.names() {
		v := plugins.get(alias)
		id, _, _ := strings.Cut(v.string(), ":")
		if v.get("id") != nil {
			id = v.get("id").string()
		}
		names["plugins."+dots.Replace(alias)] = []string{id}
	}
	libraries := root.get("libraries")
	for _, alias := range libraries.names() {
		v := libraries.get(alias)
		name := v.get("module").string()
		if v.get("group") != nil {
			name = v.get("group").string() + ":" + v.get("name").string()
		}
		if v.string() != "" {
			parts := strings.SplitN(v.string(), ":", 3)
			name = strings.Join(parts[:min(2, len(parts))], ":")
		}
		if name != "" {
			names[dots.Replace(alias)] = []string{name}
		}
	}
	bundles := root.get("bundles")
	for _, alias := range bundles.names() {
		var all []string
		for _, library := range bundles.get(alias).list() {
			all = append(all, names[dots.Replace(library.string())]...)
		}
		names["bundles."+dots.Replace(alias)] = all
	}
	return names, nil
}
