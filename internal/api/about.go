package api

import "context"

// Login is a link that logs in a browser, once.
type Login struct {
	Path string `json:"path" doc:"To be opened on the server"`
}

func (s *Server) version(context.Context, *nothing) (*answer[Version], error) {
	return answerWith(s.Version, nil)
}

func (s *Server) createLogin(context.Context, *nothing) (*answer[Login], error) {
	return answerWith(Login{s.LoginPath()}, nil)
}
