package image

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// home is the folder of the user who runs the app.
const home = "/home/nonroot"

// zones are the time zones of IANA, which are in the public domain, as Go's
// distribution packs them.
//
//go:generate sh -c "cp \"$(go env GOROOT)/lib/time/zoneinfo.zip\" zoneinfo.zip"
//go:embed zoneinfo.zip
var zones []byte

var (
	certificateFile = sync.OnceValue(certificates)
	zoneFiles       = sync.OnceValues(timeZones)
)

// systemPart is the layer below the app's: a home, and what the base lacks. It is
// the same for all apps, so that a registry gets it once.
func systemPart(base Base) (part, error) {
	files := []file{{name: home[1:], mode: normal(fs.ModeDir)}}
	if base.Reference == "" {
		files = append(files,
			text("etc/passwd", fmt.Sprintf("root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:%d:%d:nonroot:%s:/sbin/nologin\n", user, user, home)),
			text("etc/group", fmt.Sprintf("root:x:0:\nnonroot:x:%d:\n", user)),
			text("etc/nsswitch.conf", "hosts: files dns\n"),
			file{name: "tmp", mode: fs.ModeDir | fs.ModeSticky | 0o777, system: true})
	}
	if base.Roots {
		files = append(files, text("etc/ssl/certs/ca-certificates.crt", certificateFile()))
		list, err := zoneFiles()
		if err != nil {
			return part{}, err
		}
		files = append(files, list...)
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return part{title: "system", files: withParents(files)}, nil
}

func text(name, content string) file {
	return file{name: name, mode: 0o644, size: int64(len(content)), text: []byte(content), system: true}
}

// certificates are Mozilla's roots. Those that it trusts up to a date only are left
// out, since a file of certificates cannot say so.
func certificates() string {
	var list strings.Builder
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&list, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a builder takes all
		}
	}
	return list.String()
}

func timeZones() ([]file, error) {
	archive, err := zip.NewReader(bytes.NewReader(zones), int64(len(zones)))
	if err != nil {
		return nil, fmt.Errorf("cannot read the time zones: %w", err)
	}
	var list []file
	for _, entry := range archive.File {
		if strings.HasSuffix(entry.Name, "/") {
			continue
		}
		in, err := entry.Open()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		list = append(list, text("usr/share/zoneinfo/"+entry.Name, string(data)))
	}
	return list, nil
}
