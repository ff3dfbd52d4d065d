package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft"
)

// GeneratePath is where archives are generated; the name of the archive follows.
const GeneratePath = "/generate/"

const (
	optionsPath = Base + "/options"
	maxChoices  = 64 << 10 // bytes of a body
)

// archiveTypes are the media types of the formats.
var archiveTypes = map[string]string{"zip": "application/zip", "tgz": "application/gzip"}

// ServesArchive reports whether a path is that of an archive as NubesGen named
// it: /name.zip or /name.tgz.
func ServesArchive(path string) bool {
	file, ok := strings.CutPrefix(path, "/")
	_, _, named := cutFormat(file)
	return ok && named && !strings.Contains(file, "/")
}

func cutFormat(file string) (name, format string, ok bool) {
	i := strings.LastIndexByte(file, '.')
	if i < 0 {
		return file, "", false
	}
	_, ok = archiveTypes[file[i+1:]]
	return file[:i], file[i+1:], ok
}

// handleGenerator adds what needs no token: it reads nothing of the server's
// (docs/security.md).
func (s *Server) handleGenerator(mux *http.ServeMux) {
	for _, method := range []string{"GET ", "POST "} {
		mux.HandleFunc(method+GeneratePath+"{file}", s.generate(false))
		mux.HandleFunc(method+"/{file}", s.generate(true))
	}
	mux.HandleFunc("GET "+optionsPath, s.choose)
}

// generate answers with an archive.
func (s *Server) generate(nubesGen bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, format, ok := cutFormat(r.PathValue("file"))
		if !ok {
			s.answerProblem(w, nowhere(r))
			return
		}
		request := GenerateRequest{Name: name, Format: format, NubesGen: nubesGen}
		var err error
		if request.Query, err = queryOf(r); err == nil && r.Method == http.MethodPost {
			request.Body, err = choicesBody(w, r, nubesGen)
		}
		if err != nil {
			s.answerProblem(w, err)
			return
		}
		var archive Archive
		if !s.inTurn(w, r, func() (err error) {
			archive, err = s.Generator.Generate(r.Context(), request)
			return err
		}) {
			return
		}
		header := w.Header()
		for _, notice := range archive.Notices {
			header.Add("Aloft-Notice", notice)
		}
		header.Set("Content-Type", archiveTypes[format])
		header.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", r.PathValue("file")))
		header.Set("Content-Length", strconv.Itoa(len(archive.Data)))
		_, _ = w.Write(archive.Data)
	}
}

// choose answers with what can be chosen.
func (s *Server) choose(w http.ResponseWriter, r *http.Request) {
	query, err := queryOf(r)
	if err != nil {
		s.answerProblem(w, err)
		return
	}
	var choosing Choosing
	if !s.inTurn(w, r, func() (err error) {
		choosing, err = s.Generator.Choose(r.Context(), query)
		return err
	}) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(choosing)
}

// inTurn does what takes a processor when it is its turn, and answers with the
// error if there is one; false = there is nothing more to answer.
func (s *Server) inTurn(w http.ResponseWriter, r *http.Request, do func() error) bool {
	end, err := s.Turn(r.Context())
	if err != nil {
		return false // nobody waits any more
	}
	err = do()
	end()
	if err != nil {
		s.answerProblem(w, err)
	}
	return err == nil
}

// Turn waits until there is a processor to generate on; end gives it to the
// next. The error is that of ctx, for somebody who waits no more.
func (s *Server) Turn(ctx context.Context) (end func(), err error) {
	select {
	case s.turns <- struct{}{}:
		return func() { <-s.turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// queryOf returns the parameters of a URL, which must be well-formed.
func queryOf(r *http.Request) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInvalid, "%w", FieldErrors{{"query", r.URL.RawQuery, "cannot be read: " + err.Error(), nil}})
	}
	return query, nil
}

// choicesBody reads a body. NubesGen did not mind parameters beside it.
func choicesBody(w http.ResponseWriter, r *http.Request, nubesGen bool) ([]byte, error) {
	if r.URL.RawQuery != "" && !nubesGen {
		return nil, aloft.Errorf(aloft.CodeInvalid, "%w", FieldErrors{{"query", r.URL.RawQuery, "cannot be given beside a body", nil}})
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxChoices))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, problemWith(http.StatusRequestEntityTooLarge, aloft.Errorf(aloft.CodeInvalid, "the body has more than %d bytes", tooLarge.Limit))
	}
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot read the body: %w", err)
	}
	return body, nil
}

// answerProblem answers with an error, in the shape that all errors have.
func (s *Server) answerProblem(w http.ResponseWriter, err error) {
	p, ok := errors.AsType[*Problem](err)
	if !ok {
		p = s.problemFor(err)
	}
	writeProblem(w, p)
}

// nowhere is the error of a path that leads to nothing.
func nowhere(r *http.Request) *aloft.Error {
	err := aloft.Errorf(aloft.CodeNotFound, "there is no %s here", r.URL.Path)
	if strings.HasPrefix(r.URL.Path, GeneratePath) {
		return err.WithHint("archives are named %s<project>.zip or .tgz", GeneratePath)
	}
	return err.WithHint("the API is described at %s/openapi.json", Base)
}
