package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/aloft-dev/aloft"
)

// stream is the output of an operation that answers piece by piece.
type stream struct{ Body func(huma.Context) }

// stream answers with what write writes, each piece at once. If write fails
// before the first piece, the answer is a problem; later, the connection is
// cut, so that nobody takes half an answer for the whole.
func (s *Server) stream(contentType string, write func(ctx context.Context, w io.Writer) error) *stream {
	return &stream{func(ctx huma.Context) {
		_, w := humago.Unwrap(ctx)
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
		pieces := &pieces{w: w, contentType: contentType}
		err := write(ctx.Context(), pieces)
		switch {
		case err == nil:
			pieces.begin()
		case ctx.Context().Err() != nil:
		case !pieces.begun:
			s.refuse(ctx, s.problemFor(err))
		case ctx.Header("TE") == trailers && aloft.ErrorCode(err) != aloft.CodeInternal:
			s.Logger.Error("stream stopped", "path", ctx.URL().Path, "error", err)
			tellStop(w, err)
		default:
			s.Logger.Error("stream broke off", "path", ctx.URL().Path, "error", err)
			panic(http.ErrAbortHandler)
		}
	}}
}

const (
	trailers       = "trailers"      // what a client says in TE that reads what follows an answer
	problemTrailer = "Aloft-Problem" // why an answer stopped: a Problem, in JSON
)

// tellStop tells why an answer stops that has begun. To a client that does not read
// that, it has to break off: half an answer must not be taken for a whole one.
func tellStop(w http.ResponseWriter, err error) {
	told, failed := json.Marshal(problemOf(err))
	if failed != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set(http.TrailerPrefix+problemTrailer, string(told))
}

// pieces sends each piece of an answer as soon as it is there.
type pieces struct {
	w           http.ResponseWriter
	contentType string
	begun       bool
}

// begin sends the status and the headers, once.
func (p *pieces) begin() {
	if p.begun {
		return
	}
	p.begun = true
	contentType := p.contentType
	if contentType == plainText {
		contentType += "; charset=utf-8"
	}
	p.w.Header().Set("Content-Type", contentType)
	p.w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(p.w).Flush()
}

// Write sends data.
func (p *pieces) Write(data []byte) (int, error) {
	p.begin()
	n, err := p.w.Write(data)
	if err != nil {
		return n, err
	}
	return n, http.NewResponseController(p.w).Flush()
}
