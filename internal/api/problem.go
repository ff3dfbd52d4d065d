package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aloft-dev/aloft"
)

// Problem is the body of every answer that is an error (RFC 9457).
type Problem struct {
	Title  string     `json:"title" doc:"The HTTP status in words"`
	Status int        `json:"status" doc:"The HTTP status"`
	Detail string     `json:"detail" doc:"What happened, for people"`
	Code   aloft.Code `json:"code" doc:"The class of the error"`
	Hint   string     `json:"hint,omitempty" doc:"What to do next, where possible the corrected command"`

	Errors FieldErrors `json:"errors,omitempty" doc:"What is wrong, field by field, where that is known"`
}

const problemType = "application/problem+json"

var (
	_ huma.StatusError       = (*Problem)(nil)
	_ huma.ContentTypeFilter = (*Problem)(nil)
)

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns the media type of problems.
func (p *Problem) ContentType(string) string { return problemType }

var statusOfCode = map[aloft.Code]int{
	aloft.CodeInvalid:     http.StatusUnprocessableEntity,
	aloft.CodeNotFound:    http.StatusNotFound,
	aloft.CodeConflict:    http.StatusConflict,
	aloft.CodeForbidden:   http.StatusForbidden,
	aloft.CodeCanceled:    http.StatusConflict,
	aloft.CodeFailed:      http.StatusBadGateway,
	aloft.CodeUnavailable: http.StatusServiceUnavailable,
	aloft.CodeInternal:    http.StatusInternalServerError,
}

// problemOf translates an error. Of a defect of Aloft it tells nothing but that.
func problemOf(err error) *Problem {
	code := aloft.ErrorCode(err)
	status, known := statusOfCode[code]
	if !known || code == aloft.CodeInternal {
		return problemWith(http.StatusInternalServerError, aloft.Errorf(aloft.CodeInternal,
			"something went wrong inside Aloft").WithHint("the server's log tells what"))
	}
	return problemWith(status, err)
}

func problemWith(status int, err error) *Problem {
	fields, _ := errors.AsType[FieldErrors](err)
	return &Problem{
		Title: http.StatusText(status), Status: status,
		Detail: err.Error(), Code: aloft.ErrorCode(err), Hint: aloft.ErrorHint(err), Errors: fields,
	}
}

func unauthorized() *Problem {
	return problemWith(http.StatusUnauthorized,
		aloft.Errorf(aloft.CodeForbidden, "the server does not know who you are").WithHint("log in with: aloft login; a token that is lost is replaced on the server's machine: aloft token reset --data DIR"))
}

// problemFor translates an error and logs those that the caller is not told.
func (s *Server) problemFor(err error) *Problem {
	p := problemOf(err)
	if p.Code == aloft.CodeInternal {
		s.Logger.Error("request failed", "error", err)
	}
	return p
}

// refuse answers a request with a problem.
func (s *Server) refuse(ctx huma.Context, p *Problem) {
	ctx.SetHeader("Content-Type", problemType)
	ctx.SetStatus(p.Status)
	_ = json.NewEncoder(ctx.BodyWriter()).Encode(p)
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// translateProblem makes huma's own errors (of validation, of media types) look
// like all others.
func translateProblem(_ huma.Context, _ string, v any) (any, error) {
	model, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	return problemWith(model.Status, aloft.Errorf(codeOfStatus(model.Status), "%s", describe(model))), nil
}

func describe(model *huma.ErrorModel) string {
	details := make([]string, 0, len(model.Errors))
	for _, e := range model.Errors {
		switch {
		case e == nil:
		case e.Location == "":
			details = append(details, e.Message)
		default:
			details = append(details, e.Location+": "+e.Message)
		}
	}
	if len(details) == 0 {
		return model.Detail
	}
	return model.Detail + ": " + strings.Join(details, "; ")
}

// codeOfStatus guesses the class of an error that has no code of ours.
func codeOfStatus(status int) aloft.Code {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusMisdirectedRequest:
		return aloft.CodeForbidden
	case status == http.StatusNotFound:
		return aloft.CodeNotFound
	case status == http.StatusConflict:
		return aloft.CodeConflict
	case status >= 502 && status <= 504:
		return aloft.CodeUnavailable
	case status >= 400 && status < 500:
		return aloft.CodeInvalid
	}
	return aloft.CodeInternal
}
