module coldprof.dev/service

go 1.21
