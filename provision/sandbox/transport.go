package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
	"testing/iotest"
)

// InProcess reaches a handler without a socket or a goroutine: RoundTrip calls it for a request, whatever its host. A
// handler that panics with http.ErrAbortHandler breaks the connection, as it does in a server. Where the handler waits
// for timers and the request's context only, RoundTrip works in a testing/synctest bubble.
func InProcess(h http.Handler) http.RoundTripper { return transport{h} }

type transport struct{ handler http.Handler }

func (t transport) RoundTrip(req *http.Request) (resp *http.Response, err error) {
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
	w := &httptest.ResponseRecorder{Body: new(bytes.Buffer)}
	defer func() {
		switch p := recover(); {
		case p == nil:
			return
		case p != http.ErrAbortHandler:
			panic(p)
		case ctx.Err() != nil:
			err = context.Cause(ctx)
		case w.Code == 0: // there is no answer yet
			err = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
		default:
			resp = w.Result()
			resp.Body = io.NopCloser(io.MultiReader(w.Body, iotest.ErrReader(io.ErrUnexpectedEOF)))
		}
	}()
	t.handler.ServeHTTP(w, &r)
	return w.Result(), nil
}
