package image

import (
	"bytes"
	"debug/elf"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/go-version"

	"github.com/aloft-dev/aloft"
)

// program is what the compiled files of an artifact need of their base.
type program struct {
	started bool   // the start command begins a compiled program: no runtime is needed
	dynamic bool   // one of them is loaded by the C library's loader
	musl    bool   // … and that library is musl
	glibc   string // the newest version of the GNU C library that one needs; "" = any
	needs   string // the file that needs it

	libraries []string // of systems, that small bases lack
}

// machines are the processors of platforms.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// inspect reads the headers of the compiled files that will surely be run; one of
// another platform is CodeInvalid.
func (t *tree) inspect(platform platform) (program, error) {
	var p program
	for _, f := range t.started() {
		native, err := t.header(f, platform, &p)
		if err != nil {
			return p, err
		}
		p.started = p.started || native
	}
	for i := range t.files {
		f := &t.files[i]
		if !f.mode.IsRegular() {
			continue
		}
		if t.compiled(f.from) {
			if _, err := t.header(f, platform, &p); err != nil {
				return p, err
			}
		} else if strings.HasSuffix(f.from, ".node") {
			var perhaps program // it may be for another platform
			if _, err := t.header(f, platform, &perhaps); err == nil {
				p.libraries = append(p.libraries, perhaps.libraries...)
			}
		}
	}
	p.libraries = slices.DeleteFunc(p.libraries, t.brings)
	return p, nil
}

// brings reports whether a library is in the artifact, as those of wheels are.
func (t *tree) brings(library string) bool {
	return slices.ContainsFunc(t.files, func(f file) bool { return path.Base(f.from) == library })
}

// compiled reports whether a file is one that the build made for its own machine.
// (Packages of Node.js may bring their compiled parts for several.)
func (t *tree) compiled(from string) bool {
	switch {
	case path.Dir(from) == t.inApp(".aloft/bin"), from == t.inApp(".aloft/app"):
		return true
	case strings.HasSuffix(from, ".node"):
		return strings.HasSuffix(path.Dir(from), "/build/Release")
	}
	return strings.HasSuffix(from, ".so") && (within(from, t.inApp(venv)) || within(from, t.inApp("vendor/bundle")))
}

// header reads what a compiled file is for; native is false for any other file.
func (t *tree) header(f *file, platform platform, p *program) (native bool, err error) {
	in, err := t.root.Open(f.from)
	if err != nil {
		return false, err
	}
	defer in.Close()
	var magic [4]byte
	if _, err := io.ReadFull(in, magic[:]); err != nil {
		return false, nil // shorter than any program
	}
	if other := foreign(f.from, magic[:]); other != "" {
		return false, t.wrongPlatform(f, other, platform)
	}
	if string(magic[:]) != elf.ELFMAG {
		return false, nil
	}
	binary, err := elf.NewFile(in)
	if err != nil {
		return false, aloft.Errorf(aloft.CodeInvalid, "cannot make an image of %s: %s is no whole program: %w", t.app.Name, f.from, err)
	}
	if binary.Machine != machines[platform.architecture] || binary.Class != elf.ELFCLASS64 {
		return false, t.wrongPlatform(f, "linux/"+architecture(binary.Machine), platform)
	}
	p.add(f, binary)
	return true, nil
}

// foreign tells programs of other systems by their first bytes. Assemblies of
// .NET begin as programs of Windows do, and run anywhere.
func foreign(name string, magic []byte) string {
	switch {
	case bytes.Equal(magic, []byte{0xcf, 0xfa, 0xed, 0xfe}), bytes.Equal(magic, []byte{0xca, 0xfe, 0xba, 0xbe}):
		return "macOS"
	case bytes.HasPrefix(magic, []byte("MZ")) && path.Ext(name) != ".dll":
		return "Windows"
	}
	return ""
}

func architecture(machine elf.Machine) string {
	for name, m := range machines {
		if m == machine {
			return name
		}
	}
	return strings.ToLower(strings.TrimPrefix(machine.String(), "EM_"))
}

func (t *tree) wrongPlatform(f *file, have string, want platform) error {
	err := aloft.Errorf(aloft.CodeInvalid, "cannot make an image of %s: %s is for %s, and the image for %s", t.app.Name, f.from, have, want)
	if t.app.Runtime.Value == "go" {
		return err.WithHint("build where the platform is %s, such as in the workflow, or set apps.%s.build in aloft.yaml to: GOOS=linux GOARCH=%s go build …", want, t.app.Name, want.architecture)
	}
	return err.WithHint("build where the platform is %s, such as in the workflow", want)
}

// everywhere are the libraries that small bases have as well: those of the C
// library and the compiler, zlib, and the interpreters' own.
var everywhere = regexp.MustCompile(`^(ld-linux.*|ld-musl.*|lib(c|m|dl|rt|pthread|resolv|util|gcc_s|stdc\+\+|z|ruby|python3?|node)([.-].*)?)$`)

// add notes what a program of the right platform needs.
func (p *program) add(f *file, binary *elf.File) {
	for _, segment := range binary.Progs {
		if segment.Type != elf.PT_INTERP {
			continue
		}
		loader, _ := io.ReadAll(io.LimitReader(segment.Open(), 256))
		p.dynamic, p.musl = true, p.musl || bytes.Contains(loader, []byte("ld-musl"))
	}
	imported, _ := binary.ImportedLibraries() // none in a static one, nor below
	for _, library := range imported {
		if !everywhere.MatchString(library) {
			p.libraries = append(p.libraries, library)
		}
	}
	versions, _ := binary.DynamicVersionNeeds()
	for _, library := range versions {
		for _, need := range library.Needs {
			number, ok := strings.CutPrefix(need.Dep, "GLIBC_")
			if ok && need.Flags&elf.VER_FLG_WEAK == 0 && newer(number, p.glibc) {
				p.glibc, p.needs = number, f.from
			}
		}
	}
}

// newer compares versions; everything is newer than "", and what is no version is not.
func newer(a, b string) bool {
	left, err := version.NewVersion(a)
	if err != nil || b == "" {
		return err == nil
	}
	right, err := version.NewVersion(b)
	return err == nil && left.GreaterThan(right)
}
