<?xml version='1.0' encoding='UTF-8'?>
<esdl:EnergySystem xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:esdl="http://www.tno.nl/esdl" id="system\" name="one house\">
  <instance id="instance">
    <area id="area">
      <asset xsi:type="esdl:PVInstallation" id="roof\south" name="a"/>
      <asset xsi:type="esdl:PVInstallation" id="roof&#10;north" name="b"/>
      <asset xsi:type="esdl:PVInstallation" id="c" name="roof\"/>
      <asset xsi:type="esdl:PVInstallation" id="d" name="roof&#13;"/>
      <asset xsi:type="esdl:PVInstallation" id="e" name="roof\south&#10;side"/>
      <asset xsi:type="esdl:PVInstallation" id="f" name="roof, south = &quot;side&quot;"/>
    </area>
  </instance>
</esdl:EnergySystem>
