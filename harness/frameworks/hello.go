// net/http: a goroutine for each connection. Argument: the port.
package main

import (
	"log"
	"net/http"
	"os"
)

func main() {
	body := []byte("Hello, world!")
	http.HandleFunc("/", func(writer http.ResponseWriter, request *http.Request) {
		if request.URL.Path != "/" {
			http.NotFound(writer, request)
			return
		}
		writer.Header().Set("Content-Type", "text/plain")
		writer.Write(body)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
