
net
data
w
bfc"FC
fcfc"Relu
fcsoftmax"Softmax:data:w:b
#init

netw"
XavierFill*
shape00b"ConstantFill*	
shape0