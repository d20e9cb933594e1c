module leader

go 1.19
