package image_test

import (
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/image"
)

func TestTheVersionThatASourceAsksForChoosesTheBase(t *testing.T) {
	for _, test := range []struct{ family, wanted, want string }{
		{"node", "", "public.ecr.aws/docker/library/node:24-trixie-slim"},
		{"node", "22", "public.ecr.aws/docker/library/node:22-trixie-slim"},
		{"node", "v22.11.0", "public.ecr.aws/docker/library/node:22-trixie-slim"},
		{"node", "22.x", "public.ecr.aws/docker/library/node:22-trixie-slim"},
		{"node", "^22.1 || ^20", "public.ecr.aws/docker/library/node:22-trixie-slim"},
		{"node", ">=20", "public.ecr.aws/docker/library/node:24-trixie-slim"},
		{"node", ">=20 <23", "public.ecr.aws/docker/library/node:22-trixie-slim"},
		{"node", "20", "public.ecr.aws/docker/library/node:20-trixie-slim"},
		{"node", "^20.1.0", "public.ecr.aws/docker/library/node:20-trixie-slim"},
		{"node", "lts/*", "public.ecr.aws/docker/library/node:24-trixie-slim"},
		{"python", "3.12.4", "public.ecr.aws/docker/library/python:3.12-slim-trixie"},
		{"python", "3", "public.ecr.aws/docker/library/python:3.13-slim-trixie"},
		{"python", ">=3.9,<3.13", "public.ecr.aws/docker/library/python:3.12-slim-trixie"},
		{"python", "~=3.11", "public.ecr.aws/docker/library/python:3.13-slim-trixie"},
		{"python", "!=3.13", "public.ecr.aws/docker/library/python:3.14-slim-trixie"},
		{"ruby", "~> 3.3.0", "public.ecr.aws/docker/library/ruby:3.3-slim-trixie"},
		{"php", "^8.3", "public.ecr.aws/docker/library/php:8.4-cli-trixie"},
		{"java", "21", "mcr.microsoft.com/openjdk/jdk:21-ubuntu"},
		{"dotnet", "10.0", "mcr.microsoft.com/dotnet/aspnet:10.0"},
		{"native", "1.26", "public.ecr.aws/docker/library/debian:trixie-slim"},
	} {
		if base := image.ChooseBase(test.family, test.wanted); base.Reference != test.want {
			t.Errorf("%s %q: %s, want %s", test.family, test.wanted, base.Reference, test.want)
		}
	}
}

func TestEveryBaseHasAName(t *testing.T) {
	for _, family := range image.Families() {
		if _, err := name.ParseReference(image.ChooseBase(family, "").Reference, name.StrictValidation); err != nil {
			t.Error(err)
		}
	}
}

func TestCommandsInAnImage(t *testing.T) {
	for _, test := range []struct{ path, have, want string }{
		{".", ".aloft/venv/bin/python main.py", "python3 main.py"},
		{".", "sh -c PYTHONPATH=src_.aloft/venv/bin/python_-m_gunicorn", "sh -c PYTHONPATH=src_python3_-m_gunicorn"},
		{".", "sh -c $PWD/.aloft/venv/bin/python3.12_x", "sh -c python3_x"},
		{".", ".aloft/venv/bin/gunicorn a:b", "/app/.aloft/venv/bin/gunicorn a:b"},
		{"apps/web", ".aloft/app migrate", "/app/apps/web/.aloft/app migrate"},
		{"apps/web", "./run", "/app/apps/web/run"},
		{".", "pnpm run start", "npm run start"},
		{".", "yarn run start", "npm run start"},
		{".", "java -jar target/x.jar", "java -jar target/x.jar"},
		{".", "", ""},
	} {
		have := image.Arguments(aloft.App{Path: test.path}, aloft.Command{Args: strings.Fields(test.have)})
		if strings.Join(have, " ") != test.want {
			t.Errorf("%q: %q, want %q", test.have, have, test.want)
		}
	}
}

func FuzzChooseBase(f *testing.F) {
	for _, wanted := range []string{"", "20", ">=3.9,<3.13", "^22 || 24.x", "lts/*", "~> 3.3.0", "99999999999999999999.1", "|| <"} {
		f.Add(wanted)
	}
	f.Fuzz(func(t *testing.T, wanted string) {
		for _, family := range image.Families() {
			if _, err := name.ParseReference(image.ChooseBase(family, wanted).Reference); err != nil && len(wanted) < 60 {
				t.Errorf("%s %q: %v", family, wanted, err)
			}
		}
	})
}
