module entrepot.invalid/benchmarks/load

go 1.24
