package aloft

import (
	"errors"
	"fmt"
)

// Code classifies an error for the edges (CLI, API, pages), which translate it
// to an exit code or an HTTP status. Rooms in the middle never look at it.
type Code string

// The error codes.
const (
	CodeInvalid     Code = "invalid"     // the input breaks a rule
	CodeNotFound    Code = "not_found"   // what was named does not exist
	CodeConflict    Code = "conflict"    // the present state forbids it
	CodeForbidden   Code = "forbidden"   // the caller may not do it
	CodeCanceled    Code = "canceled"    // somebody stopped it
	CodeFailed      Code = "failed"      // a tool, a build or an app failed
	CodeUnavailable Code = "unavailable" // something it needs is missing or down
	CodeInternal    Code = "internal"    // a defect of Aloft
)

// Error is an error that a person will read: what happened, and what to do.
type Error struct {
	Code    Code
	Message string // what happened, "cannot X: cause", no trailing period
	Hint    string // what to do next, where possible the corrected command; may be empty
	Err     error  // the cause, or nil; its text is already part of Message
}

// Error returns the message without the hint.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error. A %w verb records the cause.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Err: errors.Unwrap(err)}
}

// WithHint sets what the reader should do next and returns the error.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// ErrorCode returns the code of the outermost Error in err's chain,
// CodeInternal for any other error, and "" for nil.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// ErrorHint returns the hint of the outermost Error in err's chain that has one.
func ErrorHint(err error) string {
	for err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}
