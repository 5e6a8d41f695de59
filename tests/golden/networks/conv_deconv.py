"""The conv_deconv of renkexinmay/SemanticSegmentation-FCN-DeconvNet, under the names that its checkpoints have; three
outputs, as those have."""

from torch import nn


class conv_deconv(nn.Module):
    def __init__(self, outputs=3):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv2d(3, 16, 4), nn.Conv2d(16, 32, 5), nn.Conv2d(32, 64, 3)
        self.deconv1 = nn.ConvTranspose2d(64, 32, 3)
        self.deconv2 = nn.ConvTranspose2d(32, 16, 5)
        self.deconv3 = nn.ConvTranspose2d(16, outputs, 4)
        self.maxpool1, self.maxpool2 = (nn.MaxPool2d(2, return_indices=True) for _ in range(2))
        self.maxunpool1, self.maxunpool2 = (nn.MaxUnpool2d(2) for _ in range(2))

    def forward(self, x):
        x1 = self.conv1(x).relu()
        x, indices1 = self.maxpool1(x1)
        x2 = self.conv2(x).relu()
        x, indices2 = self.maxpool2(x2)
        x = self.deconv1(self.conv3(x).relu()).relu()
        x = self.deconv2(self.maxunpool1(x, indices2, x2.size())).relu()
        return self.deconv3(self.maxunpool2(x, indices1, x1.size())).sigmoid()
