package faults

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"
)

// Transport reaches the tenant and its faults in process, as sandbox.Tenant.Transport does. Broken connections are the
// errors that a client sees.
func (i *Injector) Transport() http.RoundTripper { return transport{i} }

type transport struct{ injector *Injector }

func (tr transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	ctx := req.Context()
	if err := wait(ctx, 0); err != nil {
		return nil, err
	}
	a, err := tr.injector.answer(req)
	switch {
	case err != nil:
		return nil, err
	case a.kind == Reset:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	case a.kind == Hang:
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	resp := &http.Response{
		Status:     strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode: a.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		ContentLength: int64(len(a.body)),
		Header:        a.header,
		Body:          io.NopCloser(a.stream(ctx)),
		Request:       req,
	}
	if a.kind == Endless {
		resp.ContentLength = -1
	}
	return resp, nil
}

// ServeHTTP answers one request over a socket. It panics with http.ErrAbortHandler where the client is gone or the
// connection is to break.
func (i *Injector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := i.answer(r)
	switch {
	case err != nil:
		panic(http.ErrAbortHandler)
	case a.kind == Reset:
		reset(w)
	case a.kind == Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.kind != Endless && a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if _, err := io.Copy(w, a.stream(r.Context())); err != nil {
		http.NewResponseController(w).Flush() // an error means that the client is gone
		panic(http.ErrAbortHandler)
	}
}

// reset breaks the connection, over HTTP/2 the stream.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0) // sends a reset; where it fails, closing breaks the connection as well
		}
		conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// stream returns the body as it reaches the client. A connection that breaks in the middle is io.ErrUnexpectedEOF.
func (a answer) stream(ctx context.Context) io.Reader {
	body := bytes.NewReader(a.body)
	switch a.kind {
	case Cut:
		return io.MultiReader(io.LimitReader(body, body.Size()/2), readFunc(func([]byte) (int, error) {
			return 0, io.ErrUnexpectedEOF
		}))
	case Drip:
		return readFunc(func(p []byte) (int, error) {
			if err := wait(ctx, time.Second); err != nil {
				return 0, err
			}
			return body.Read(p[:1])
		})
	case Endless:
		return readFunc(func(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte(" "), len(p))), nil })
	}
	return body
}

// readFunc is a function as an io.Reader.
type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }
