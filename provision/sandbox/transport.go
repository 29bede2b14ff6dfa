package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
)

// Transport reaches the tenant in process: see InProcess.
func (t *Tenant) Transport() http.RoundTripper { return InProcess(t) }

// InProcess reaches a handler without a socket or a goroutine: RoundTrip calls it for a request, whatever its host. A
// handler that panics with http.ErrAbortHandler breaks the connection, as it does in a server. Where the handler waits
// for timers and the request's context only, RoundTrip works in a testing/synctest bubble.
func InProcess(h http.Handler) http.RoundTripper { return transport{h} }

type transport struct{ handler http.Handler }

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	r := *req
	r.Host = cmp.Or(req.Host, req.URL.Host)
	if r.Body == nil {
		r.Body = http.NoBody
	}
	if req.URL.Scheme == "https" {
		r.TLS = &tls.ConnectionState{}
	}
	defer r.Body.Close()
	w := &recorder{header: http.Header{}}
	broken := w.record(t.handler, &r)
	body := io.Reader(&w.body)
	switch {
	case broken && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case broken && w.status == 0:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	case broken:
		body = io.MultiReader(body, cutOff{})
	}
	return &http.Response{
		Status:     strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode: w.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        w.header,
		ContentLength: int64(w.body.Len()),
		Body:          io.NopCloser(body),
		Request:       req,
	}, nil
}

// recorder is an http.ResponseWriter that keeps the answer.
type recorder struct {
	header http.Header
	status int // 0: none yet
	body   bytes.Buffer
}

// record lets a handler answer, and reports whether it broke the connection.
func (w *recorder) record(h http.Handler, r *http.Request) (broken bool) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			broken = true
		default:
			panic(p)
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) { w.status = status }

func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }

// cutOff is the end of a body whose connection broke.
type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
