package git

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	aloft "github.com/aloft-dev/aloft"
)

var statuses = map[aloft.Code]int{
	aloft.CodeInvalid:     http.StatusBadRequest,
	aloft.CodeNotFound:    http.StatusNotFound,
	aloft.CodeConflict:    http.StatusConflict,
	aloft.CodeForbidden:   http.StatusUnauthorized,
	aloft.CodeUnavailable: http.StatusServiceUnavailable,
}

// refuse answers with an error as plain text, which git shows line by line.
func refuse(w http.ResponseWriter, err error) {
	status, ok := statuses[aloft.ErrorCode(err)]
	text := err.Error()
	if !ok {
		status, text = http.StatusInternalServerError, "the server failed; its log says why"
	}
	if hint := aloft.ErrorHint(err); hint != "" {
		text += "\n" + hint
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="aloft"`)
	}
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprintln(w, strings.ToValidUTF8(text, "?"))
}

// fail refuses, and logs the errors whose text the client is not shown.
func (r *Remote) fail(ctx context.Context, w http.ResponseWriter, project string, err error) {
	if ctx.Err() != nil {
		return
	}
	if _, told := statuses[aloft.ErrorCode(err)]; !told {
		r.log(project, err)
	}
	refuse(w, err)
}

func (r *Remote) log(project string, err error) {
	attrs := []any{slog.String("project", project), slog.Any("error", err)}
	if command, ok := asCommandError(err); ok && command.Stderr != "" {
		attrs = append(attrs, slog.String("stderr", command.Stderr))
	}
	r.options.Logger.Warn("cannot serve git", attrs...)
}
